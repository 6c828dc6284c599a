"""One running gateway: every store and use case, joined."""

import hmac
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from gateway.adapters.accounts import SqlAccounts
from gateway.adapters.audit import SqlAudit
from gateway.adapters.clinical_codelists import load_code_lists
from gateway.adapters.clinical_people import VaultPeople
from gateway.adapters.clinical_store import SqlClinicalStore
from gateway.adapters.courses import SqlCourses
from gateway.adapters.database import Engine
from gateway.adapters.erasures import SqlErasures
from gateway.adapters.inbox import FolderInbox
from gateway.adapters.index import SqlIndex
from gateway.adapters.keys import key_dates
from gateway.adapters.ledger import SqlLedger
from gateway.adapters.merges import SqlMerges
from gateway.adapters.outbox import SqlOutbox
from gateway.adapters.recruitment import SqlScreening
from gateway.adapters.spool import FolderSpool
from gateway.adapters.subjects import VaultSubjects
from gateway.adapters.terms import SqlTerms
from gateway.adapters.values import SqlValues
from gateway.adapters.vault import SqlVault
from gateway.adapters.watch import SqlAlerts, SqlPluginTotals
from gateway.config import Settings
from gateway.domain.consent import ListRules
from gateway.domain.erasure import sign_receipt
from gateway.domain.identity import KeyRing, site_uid, unseal
from gateway.door import Door
from gateway.errors import RejectError
from gateway.opening import (
    KeyedNaming,
    World,
    departure,
    disk_guard,
    forms,
    leaving_texts,
    open_seals,
    policy_of,
)
from gateway.ports import StoredInstance
from gateway.services.accounting import Accounting
from gateway.services.accounts import AccountService
from gateway.services.annulment import AnnulmentService
from gateway.services.canary import CanaryService
from gateway.services.clinical import ClinicalService
from gateway.services.clinical_sending import ClinicalSender
from gateway.services.consent import ConsentService, listed_as
from gateway.services.courses import CourseService
from gateway.services.decisions import DecisionService
from gateway.services.deletion import DeletionService
from gateway.services.finding import CourseFinder
from gateway.services.inbox import PLACES, InboxService
from gateway.services.inquiry import InquiryService
from gateway.services.intake import IntakeService
from gateway.services.ledger import LedgerService
from gateway.services.merging import MergeService
from gateway.services.plans import PlansApart
from gateway.services.preparation import Preparer
from gateway.services.recall import RecallService
from gateway.services.recheck import RecheckService, WithdrawalRecheck
from gateway.services.recruitment import RecruitmentService
from gateway.services.sealing import Sealer
from gateway.services.status import StatusService
from gateway.services.submission import SubmissionService
from gateway.services.terms import TermService
from gateway.services.values import ValueService
from gateway.services.withdrawal import ERASE, WithdrawalService

READERS = 4
REWRITERS = 2


class Service:
    """Every object of one running gateway."""

    def __init__(self, settings: Settings, engine: Engine, ring: KeyRing, world: World) -> None:
        self.settings = settings
        self.engine = engine
        self.world = world
        self.clock = world.clock
        self.naming = KeyedNaming(ring)
        self.readers = ThreadPoolExecutor(READERS, thread_name_prefix="read")
        self.rewriters = ThreadPoolExecutor(REWRITERS, thread_name_prefix="rewrite")
        self._open_stores(ring)
        self.disk = disk_guard(settings, world, self.alerts)
        self.consents = ConsentService(
            self.vault,
            self.naming,
            self.audit,
            world.stage.profile,
            ring.site_keys().identities,
            rules=self._list_rules,
            on_change=self._consent_changed,
            closed=lambda: self.departure.restored or self.disk.closed,
            recalled=self.erasures.recalled,
            erasing=lambda pseudonym: self.recall.is_unsigned(pseudonym),
            hold_unknown=settings.unknown_patients == "hold",
        )
        self.canary = CanaryService(world.site, self.alerts, self.clock)
        self.door = self._door(ring)
        self.values = ValueService(SqlValues(engine), leaving_texts, self.audit)
        self.preparer = self._preparer()
        self.terms = self._terms(ring)
        self.intake = self._intake()
        self.course_service = self._course_service(ring)
        self.decisions = self._decisions()
        self.departure = departure(settings, world, self.alerts)
        self.sending = self._sending()
        self.withdrawal = self._withdrawal()
        self._add_clinical(ring)
        self.recall = self._recall(ring)
        self._add_answers()

    def _list_rules(self) -> ListRules:
        return ListRules(
            # One day more than the clock's: somewhere it is tomorrow already.
            latest=self.clock.now().date() + timedelta(days=1),
            scopes=frozenset(scope.casefold() for scope in self.settings.consent_scopes),
            identifier_system=self.settings.patient_identifier_system,
        )

    def _open_stores(self, ring: KeyRing) -> None:
        engine, clock = self.engine, self.clock
        self.audit = SqlAudit(engine, clock)
        self.seals = open_seals(self.settings, engine, ring, clock)
        self.accounts = AccountService(SqlAccounts(engine, clock), clock, self.audit)
        self.alerts = SqlAlerts(engine, clock)
        self.totals = SqlPluginTotals(engine, clock)
        self.vault = SqlVault(
            engine,
            ring.vault_key,
            ring.key_id,
            clock,
            ring.former_vault_keys,
            ends_with_death=self.settings.after_death == "stop",
        )
        self.vault.check_key()
        self.vault.check_identities(ring.site_keys().identities)
        self.erasures = SqlErasures(engine)
        self.merges = SqlMerges(engine, self.vault)
        self.index = SqlIndex(engine, clock)
        self.courses = SqlCourses(engine)
        self.outbox = SqlOutbox(engine, clock)
        self.spool = FolderSpool(self.settings.data_folder / "spool")
        self.spool.empty()

    def _door(self, ring: KeyRing) -> Door | None:
        if self.settings.dicom is None:
            return None
        return Door(
            self.settings.dicom,
            self.engine,
            ring.site_keys(),
            self.canary,
            self.alerts,
            self.audit,
            self.clock,
        )

    def _add_answers(self) -> None:
        self.annulment = AnnulmentService(self.vault, self.naming, self.audit, self.consents.follow)
        self.merging = MergeService(
            self.vault,
            self.merges,
            self.naming,
            self.index,
            self.erasures,
            self.clock,
            self.audit,
            self.consents.follow,
            SqlClinicalStore(self.engine).came_since,
        )
        archive, uid = self.world.archive, self.world.stage.uid
        self.recheck = RecheckService(archive, self.courses, uid, self.audit, self.told)
        self.deletion = DeletionService(self.index, self.alerts, self.audit)
        ledger = SqlLedger(self.engine)
        self.ledger = LedgerService(ledger, self.courses)
        self.finder = CourseFinder(self.courses, uid)
        self.inquiry = InquiryService(
            self.vault,
            self.naming,
            self.index,
            self.courses,
            self.outbox,
            self.totals,
            self.erasures,
            self.audit,
            holds_unknown=self.settings.unknown_patients == "hold",
        )
        accounting = Accounting(ledger, self.index, self.outbox, self.totals, self.world.site)
        self.status = self._status(accounting)

    def _status(self, accounting: Accounting) -> StatusService:
        door = self.door
        return StatusService(
            self.settings.centre,
            self.consents,
            self.index,
            self.courses,
            self.outbox,
            self.totals,
            self.alerts,
            self.canary,
            self.disk,
            self.departure,
            accounting,
            self.clock,
            (lambda: door.gate.is_open) if door else None,
            partial(key_dates, self.settings.secrets),
        )

    def _preparer(self) -> Preparer:
        return Preparer(
            self.world.site,
            self.world.stage,
            self.spool,
            self.rewriters,
            self.clock,
            self.vault.person,
            self.values.note,
        )

    def _terms(self, ring: KeyRing) -> TermService:
        return TermService(
            SqlTerms(self.engine, self.clock),
            self.courses,
            self.vault,
            partial(unseal, ring.site_keys()),
            self._use_terms,
            self.alerts,
            self.audit,
        )

    def _intake(self) -> IntakeService:
        return IntakeService(
            self.world.site,
            self.index,
            self.alerts,
            self.clock,
            self.readers,
            self._indexed,
            self.terms.keep,
            self._pseudonym_of,
            lambda course_ids: self.course_service.lost(course_ids),
        )

    def _pseudonym_of(self, patient_id: str) -> str:
        """Return whose an original identifier is, empty for nobody that a consent list has."""
        try:
            return listed_as(patient_id, self.naming, self.vault) or ""
        except RejectError:
            return ""

    def _forget_texts(self, pseudonym: str) -> None:
        self.terms.forget(pseudonym)
        self.values.forget(pseudonym)
        self.totals.forget(pseudonym)

    def _use_terms(self, texts: Mapping[str, str]) -> None:
        self.world.stage.use_terms(texts)
        self.preparer.begin_again()

    def _indexed(self, stored: StoredInstance, data: bytes) -> None:
        self.terms.note(stored, data)
        self.preparer.begin(stored, data)

    def _course_service(self, ring: KeyRing) -> CourseService:
        policy = policy_of(self.settings)
        self.plans = PlansApart(policy.rules, self.outbox)
        return CourseService(
            self.index,
            self.courses,
            self.outbox,
            self.consents.is_admitted,
            self.clock,
            policy,
            self.world.stage.uid,
            self.plans,
            self.alerts,
            VaultSubjects(self.vault, ring.site_keys(), self.settings.test_patients).subject,
        )

    def _decisions(self) -> DecisionService:
        return DecisionService(
            self.course_service,
            self.plans,
            self.index,
            self.courses,
            self.outbox,
            self.vault,
            self.clock,
            self.audit,
            self.world.stage.uid,
        )

    def _sending(self) -> SubmissionService:
        return SubmissionService(
            self.outbox,
            self.courses,
            self.index,
            self.world.archive,
            self.spool,
            self.preparer,
            Sealer(self.world.stage, self.settings.centre),
            self.alerts,
            self.audit,
            self.consents.is_admitted,
            self.course_service.hold,
            self.departure,
            self.world.throttle,
            lambda: self.recall.is_erasing(),
        )

    def _add_clinical(self, ring: KeyRing) -> None:
        rows = SqlClinicalStore(self.engine)
        people = VaultPeople(self.vault, ring, self.consents.admitted, self.erasures.recalled)
        key = hmac.digest(ring.vault_key, b"clinical rows", "sha256")
        lists, read = load_code_lists(), forms(self.settings)
        self.clinical = ClinicalService(rows, people, lists, self.clock, self.audit, key, read)
        self.clinical_sending = ClinicalSender(
            rows,
            people,
            self.world.clinical,
            self.clock,
            self.settings.centre,
            self.alerts,
            self.audit,
        )
        outside = self.world.clinical
        self.told = WithdrawalRecheck(rows, people, outside, self.alerts, self.audit)
        self.recruitment = RecruitmentService(
            SqlScreening(self.engine),
            self.vault,
            self.world.clinical,
            self.clock,
            self.audit,
            self.settings.centre,
        )
        self.inbox = None
        if self.settings.inbox_folder is not None:
            folder = FolderInbox(self.settings.inbox_folder, PLACES)
            self.inbox = InboxService(
                folder,
                self.clinical,
                self.recruitment,
                self.audit,
                self.alerts,
                self.clock,
                self.settings.inbox_keep_days,
            )

    def _withdrawal(self) -> WithdrawalService:
        erases = self.settings.on_withdrawal == ERASE
        return WithdrawalService(
            self.consents.withdrawn if erases else set,
            self.vault,
            self.index,
            self.courses,
            self.outbox,
            self.world.site,
            self.audit,
            forget_texts=self._forget_texts,
            recalled=lambda: set(self.erasures.recalled()),
            forget_copies=self.preparer.forget,
            merged=self.consents.merged,
            catch_up=self.consents.catch_up,
        )

    def _recall(self, ring: KeyRing) -> RecallService:
        return RecallService(
            self.erasures,
            self.vault,
            self.index,
            self.courses,
            self.naming,
            partial(site_uid, ring.site_keys()),
            self.clinical,
            lambda **what: sign_receipt(ring, made_at=self.clock.now(), **what),
            self._consent_changed,
            self.audit,
            self.clock,
            self.merges.merges,
        )

    def _consent_changed(self, pseudonym: str) -> None:
        if not self.consents.is_admitted(pseudonym):
            self.outbox.cancel(pseudonym)
        self.courses.reopen(pseudonym)

    def close(self) -> None:
        """Let go of threads and connections."""
        self.readers.shutdown(cancel_futures=True)
        self.rewriters.shutdown(cancel_futures=True)
        self.engine.dispose()
