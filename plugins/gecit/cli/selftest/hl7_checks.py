"""HL7 over MLLP and the duplicate query: what is right is taken, what is wrong is refused with its reason."""

from __future__ import annotations

import re

from msgspec.structs import replace

from gecit.core.order import ExamKey
from gecit.core.trials import patient_of
from gecit.core.values import Text
from gecit.edges import hl7_build
from gecit.ports import AnswerUnknown
from gecit.ports.hospital import HospitalSaid

from .checking import Check, failed, fault_words, said, skipped
from .kit import BAD, CT, GOOD, REFUSED, Kit

ENGLISH = re.compile(r"&GECIT&([^&]*)&([^&]*)&GECIT")  # code and English text of a remark in ERR-1
NOBODYS = "000000"  # SKRS code that no institution has


def query(kit: Kit) -> Text:
    """HBYS may ask for earlier exams; both patients are asked for, as the rules want it before an order."""
    found = [_queried(kit, number) for number in (GOOD, BAD)]
    if any(found):
        raise failed("deneme hastasının önceki tetkiki var", "a trial patient has earlier exams")
    return said("yanıtlandı, önceki tetkik yok", "answered, no earlier exams")


def _queried(kit: Kit, number: int) -> list[object]:
    order = kit.order(number)
    question = {
        "MedulaInstitutionId": kit.site.institution.medula_code,
        "PatientCitizenId": order.patient.tckn,
        "SutCode": CT.sut,
        "DoctorCitizenId": order.physician.identifier,
    }
    answer = kit.ask("POST", "/gecit/api/duplicates/previous-studies", json=question)
    if answer.status_code != 200:
        raise failed(f"HTTP {answer.status_code}", f"HTTP {answer.status_code}")
    found = answer.json()
    return found if isinstance(found, list) else []


def orders(kit: Kit) -> Text:
    """Orders are accepted."""
    for number in (GOOD, BAD):
        envelope = kit.envelope(f"O{number}")
        _accepted(kit.tell(hl7_build.order_message(kit.order(number), envelope), envelope.control_id))
    return said("iki istem AA aldı", "two orders got AA")


def _accepted(answer: HospitalSaid) -> None:
    if answer.code != "AA":
        raise failed(f"{answer.code}: {answer.text}", f"{answer.code}: {answer.text}")


def nonsense(kit: Kit) -> Text:
    """What is no order is refused with its reason."""
    envelope = kit.envelope("X")
    order = replace(kit.order(REFUSED), key=ExamKey(institution=kit.site.institution.skrs, accession=""))
    return _refused(kit.tell(hl7_build.order_message(order, envelope), envelope.control_id))


def foreign(kit: Kit) -> Text:
    """An order in the name of an institution that the site has no record of is refused."""
    envelope = kit.envelope("F")
    order = replace(kit.order(REFUSED), key=ExamKey(institution=NOBODYS, accession=kit.accession(REFUSED)))
    return _refused(kit.tell(hl7_build.order_message(order, envelope), envelope.control_id))


def _refused(answer: HospitalSaid) -> Text:
    if answer.code not in ("AE", "AR"):
        raise failed(f"{answer.code} ile kabul edildi", f"it was accepted with {answer.code}")
    if not answer.text:
        raise failed(f"{answer.code}, nedeni yazmıyor", f"{answer.code}, without a reason")
    why = answer.text.partition("; ")[0]  # MSA-3; what follows is ERR
    english = ENGLISH.search(answer.text)
    return said(f"{answer.code}: {why}", f"{answer.code}: {': '.join(english.groups()) if english else why}")


def report(kit: Kit) -> Text:
    """A report by a radiologist is accepted."""
    if not kit.options.radiologist:
        raise skipped("radyoloğun numarası verilmedi", "no radiologist's number was given")
    envelope = kit.envelope("R1")
    message = hl7_build.report_message(kit.report(GOOD, kit.options.radiologist), envelope)
    _accepted(kit.tell(message, envelope.control_id))
    return said("rapor AA aldı", "the report got AA")


def unsigned(kit: Kit) -> Text:
    """A report that no radiologist answers for is refused."""
    envelope = kit.envelope("R2")
    message = hl7_build.report_message(kit.report(BAD, patient_of(999)), envelope)
    return _refused(kit.tell(message, envelope.control_id))


def plain(kit: Kit) -> Text:
    """Where the door speaks TLS, nobody is heard without it."""
    if not kit.site.site.mllp_tls:
        raise skipped("HL7 kapısında TLS açık değil", "the HL7 door has no TLS")
    envelope = kit.envelope("P")
    message = hl7_build.order_message(kit.order(REFUSED), envelope)
    try:
        hl7_build.send(kit.mllp.host, kit.mllp.port, [message], 10)
    except OSError as fault:
        words = fault_words(fault)
        return said(f"duyulmadı: {words.tr}", f"not heard: {words.en}")
    raise failed("şifresiz iletiye yanıt verildi", "a message in the clear was answered")


def stranger(kit: Kit) -> Text:
    """Whoever is not known is not heard, whatever he says."""
    source = kit.options.stranger or ("127.0.0.2" if kit.loopback else "")
    if not source:
        raise skipped("tanınmayan bir adres verilmedi (--stranger)", "no unknown address was given (--stranger)")
    envelope = kit.envelope("S")
    message = hl7_build.order_message(kit.order(REFUSED), envelope)
    try:
        answer = kit.tell(message, envelope.control_id, source=source)
    except (OSError, AnswerUnknown):
        return said("bağlantı kapatıldı", "the connection was closed")
    return _refused(answer)


CHECKS = (
    Check(
        id="duplicate-query", run=query, after=("token", "clean"),
        title=said("Mükerrer sorgu", "Duplicate query"), expected=said("yanıtlanır", "is answered"),
        fix=said(
            "Deneme kurumunun MEDULA tesis kodunu ve üst servisi denetleyin.",
            "Check the trial institution's MEDULA code and the service above.",
        ),
    ),
    Check(
        id="hl7-order", run=orders, after=("duplicate-query",),
        title=said("HL7: istem (ORM^O01)", "HL7: order (ORM^O01)"), expected=said("AA", "AA"),
        fix=said(
            "Bu bilgisayarın adresi (ya da sertifikasının adı) deneme kurumunun HL7 adresleri arasında mı? "
            "Kapı açık mı?",
            "Is this computer's address (or its certificate's name) among the trial institution's HL7 peers? Is the "
            "port open?",
        ),
    ),
    Check(
        id="hl7-nonsense", run=nonsense, after=("hl7-order",),
        title=said("HL7: erişim numarası olmayan istem", "HL7: an order without an accession number"),
        expected=said("AE ya da AR, nedeniyle", "AE or AR, with the reason"),
    ),
    Check(
        id="hl7-foreign", run=foreign, after=("hl7-order",),
        title=said(
            "HL7: sitenin tanımadığı bir kurum adına istem",
            "HL7: an order in the name of an institution that this site does not know",
        ),
        expected=said("AE ya da AR, nedeniyle", "AE or AR, with the reason"),
        fix=said(
            "Kayıtlı kurumları denetleyin: 000000 kodlu kurum olmamalı.",
            "Check the institutions on record: none should have the code 000000.",
        ),
    ),
    Check(
        id="hl7-stranger", run=stranger, after=("token",),
        title=said("HL7: tanınmayan adresten istem", "HL7: an order from an unknown address"),
        expected=said("kabul edilmez", "is not accepted"),
        fix=said(
            "Hiçbir kurumun HL7 adresi bütün ağı kapsamamalı; Gecit.DefaultInstitution boş olmalı.",
            "No institution's HL7 peers may cover the whole network, and Gecit.DefaultInstitution should be empty.",
        ),
    ),
    Check(
        id="hl7-plain", run=plain, after=("token",),
        title=said("HL7: TLS'siz ileti", "HL7: a message without TLS"), expected=said("duyulmaz", "is not heard"),
    ),
)  # fmt: skip
REPORTS = (
    Check(
        id="hl7-report", run=report, after=("hl7-order",),
        title=said("HL7: rapor (ORU^R01)", "HL7: report (ORU^R01)"), expected=said("AA", "AA"),
        fix=said(
            "Verilen hekim kayıtlarda radyolog mu? Yönetici Gecit.Registry ayarını denetlemeli.",
            "Does the registry know the given physician as a radiologist? The administrator checks Gecit.Registry.",
        ),
    ),
    Check(
        id="hl7-report-refused", run=unsigned, after=("hl7-order", "rulebook"),
        title=said("HL7: radyolog olmayanın raporu", "HL7: a report that no radiologist signed"),
        expected=said("AE ya da AR, nedeniyle", "AE or AR, with the reason"),
    ),
)  # fmt: skip
