"""How the cells of a column are read that follows from the model of its rows."""

from gateway.contract.variables import Content, Variable
from gateway.domain.tabular import cells
from gateway.domain.tabular.cells import Parser


def parser(variable: Variable) -> Parser:
    match variable.content:
        case Content.WORD:
            return cells.one_of({word.lower(): word for word in variable.words})
        case Content.DAY:
            return cells.to_date
        case Content.WHOLE:
            return cells.to_whole(int(variable.low), int(variable.high))
        case Content.NUMBER:
            return cells.to_number(variable.low, variable.high)
        case Content.CODE:
            what = f"a code ({variable.meaning})"
            return cells.matching(variable.pattern, what, f"something like {variable.pattern}")
