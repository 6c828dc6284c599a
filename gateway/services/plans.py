"""Which plans of a course stay here, by the centre's policy or because a person says so."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.contract.manifest import Role
from gateway.domain.courses import WITH_ANOTHER, Draft, InstanceState, Reason, kept_apart
from gateway.domain.validation import Rule, objections
from gateway.ports import Course, Outbox, StoredInstance

CONFLICT = Reason("conflict", "an instance came again under the same UID with different content")


class PlansApart:
    """Decides what goes without a person; what was sent once is never kept back."""

    def __init__(self, rules: Sequence[Rule], outbox: Outbox) -> None:
        self._rules = rules
        self._outbox = outbox

    def find(
        self, course: Course, draft: Draft, members: Sequence[StoredInstance]
    ) -> dict[str, str]:
        """Map each member that is not to go to the plan because of which it is not."""
        said = {uid for uid, why in self._objections(members).items() if why}
        left_out = {uid for uid, decided in course.plans.items() if not decided["in"]}
        if not said and not left_out:
            return {}
        sent = self.announced(course)
        free = {m.instance.sop_instance_uid for m in members if m.orthanc_id in sent}
        return kept_apart(draft, said, left_out, free | (course.plans.keys() - left_out))

    def announced(self, course: Course) -> set[str]:
        """Return what the archive has heard of: it cannot be kept back any more."""
        receipts = self._outbox.receipts(course.id) if course.id and course.version else []
        return {receipt["orthanc_id"] for receipt in receipts if receipt["sha256"]}

    def told(
        self, course: Course, members: Sequence[StoredInstance], apart: Mapping[str, str]
    ) -> tuple[dict[str, Any], ...]:
        """Say of each plan that is kept apart why, and how much stays here with it."""
        counted, said = Counter(apart.values()), self._objections(members)
        return tuple(
            {
                "plan": uid,
                "instances": counted[uid],
                "decided": course.plans.get(uid),
                "reasons": [
                    vars(reason)
                    for reason in said[uid] or ([] if uid in course.plans else [WITH_ANOTHER])
                ],
            }
            for uid in sorted(counted)
        )

    def _objections(self, members: Sequence[StoredInstance]) -> dict[str, list[Reason]]:
        """Say of each plan why the centre's policy keeps it apart, if it does."""
        return {
            one.instance.sop_instance_uid: [
                *(Reason(f.code, f.text) for f in objections(one.instance, self._rules)),
                *([CONFLICT] if one.state is InstanceState.CONFLICT else []),
            ]
            for one in members
            if one.instance.role is Role.PLAN
        }
