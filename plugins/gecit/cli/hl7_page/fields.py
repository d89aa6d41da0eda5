"""The message profile's rows: which fields a sender fills, how firmly, and which wrong values are tried on them.

What is said of an empty or wrong field, its name, type, table, example and paths stand nowhere here: they are found.
"""

from __future__ import annotations

from typing import NamedTuple

ORDER = r"""MSH|^~\&|FIRMA01|Örnek HBYS|GECIT|GECIT|20240101120000||ORM^O01|3001|P|2.3.1||||||UTF8
PID|1||F1001|10000000146|ŞAHİN^ÇİĞDEM||19800102|K
PV1|1|O|||||||||||||||||KABUL9
ORC|NW|ORNEK0002|||||1^once^^^^R||20240101115900|||10000080100^MASALCI^GÜLŞEN|||||R1^Radyoloji||||Deneme^^SKRS\S\999001\S\11999001
OBR|1|ORNEK0002|ORNEK0002|899001^MR beyin^SUT^24590-2^MR beyin^LNC||20240101115900|||||||baş ağrısı||Radiology^^^^^R|10000080100^MASALCI^GÜLŞEN||ORNEK0002||SYS1|REF1|||MR||||||||||||20240101120500
DG1|1||G43^Migren^I10
"""  # noqa: E501 -- a segment is one line
REPORT = r"""MSH|^~\&|FIRMA01|Örnek HBYS|GECIT|GECIT|20240102100000||ORU^R01|3002|P|2.3.1||||||UTF8
PID|1||F1001|10000000146|ŞAHİN^ÇİĞDEM||19800102|K
ORC|RE|ORNEK0002|||||||||||||||||||Deneme^^SKRS\S\999001\S\11999001
OBR|1|ORNEK0002|ORNEK0002|899001^MR beyin^SUT^24590-2^MR beyin^LNC|||20240102095900|||||||||||ORNEK0002||||||MR
OBX|1|TX|TXT^BASE64||S29udHJhc3RsxLEgTVIu^1~WW9rLg==^2~QmV5aW4gcGFyYW5raW1pbmRlIHBhdG9sb2ppayBzaW55YWwgc2FwdGFubWFkxLEuIFZlbnRyaWvDvGxsZXIgb2xhxJ9hbmTEsXIu^3~Tm9ybWFsIHPEsW7EsXJsYXJkYS4=^4||||||F||4^5|||10000090178^ÖRNEKÇİ^AYŞEGÜL|IV^Gadobutrol^1 mmol/ml
"""  # noqa: E501
ENCOUNTER = r"""MSH|^~\&|FIRMA01|Örnek HBYS|GECIT|GECIT|20240102080000||ADT^A01|3004|P|2.3.1||||||UTF8
EVN|A01|20240102075930
PID|1||F1001|10000000146|ŞAHİN^ÇİĞDEM||19800102|K
PD1||||10000090178^ÖRNEKÇİ^AYŞEGÜL
PV1|1|I|||||10000080100^MASALCI^GÜLŞEN||||||||||||KABUL9||||||||||||||||||||999001
"""
DEVIATING = r"""MSH|^~\&|FIRMA02|999001|GECIT|GECIT|20240101120000||ORM^O01|3003|P|2.5
PID|1||F1001^^^HBYS^MR~10000000146^^^MERNIS^TC||ŞAHİN^ÇİĞDEM||19800102|K||||||||||KABUL9
ORC|NW|ORNEK0003^FIRMA02|||SC||||20240101115900
OBR|1|ORNEK0003|ORNEK0003|899001^MR beyin|||||||||baş ağrısı|||10000080100^MASALCI^GÜLŞEN||||||||MR||||||||||||20240101120500||||||||24590-2^MR beyin^LNC
DG1|1||G43^Migren^I10
"""  # noqa: E501 -- a segment is one line
"""Whole messages: of the Ministry's layout with every field that is read, and of the deviating example."""


class Row(NamedTuple):
    """One field of a message. `usage` is R, RE, C or O as the page explains; `when` the condition of a C."""

    segment: str
    field: int
    usage: str
    meaning: str
    wrong: tuple[str, ...] = ()
    when: str = ""
    repeats: bool = False
    example: str = ""  # only where the whole message has none

    @property
    def place(self) -> str:
        """`PID-4`."""
        return f"{self.segment}-{self.field}"


class Part(NamedTuple):
    """One segment of a message."""

    name: str
    usage: str
    repeats: bool
    meaning: str


def _header(kind: str, other: str) -> tuple[Row, ...]:
    return (
        Row("MSH", 1, "R", "separates fields; any character"),
        Row("MSH", 2, "RE", "component, repetition, escape, subcomponent marks; the usual ones where it is empty"),
        Row("MSH", 3, "RE", "firm code as registered; part of what makes a message the same"),
        Row("MSH", 4, "O", "firm name; part of what makes a message the same"),
        Row("MSH", 5, "O", "comes back as MSH-3 of the ACK"),
        Row("MSH", 6, "O", "comes back as MSH-4 of the ACK"),
        Row("MSH", 7, "O", "when it was sent", ("01.01.2024",)),
        Row("MSH", 9, "R", f"which message this is: {kind}", ("MDM^T02", other)),
        Row("MSH", 10, "R", "one of its own for each message; comes back in MSA-2"),
        Row("MSH", 11, "O", "`P` or empty", ("T",)),
        Row("MSH", 12, "R", "version; the Ministry's is `2.3.1`, literally", ("2.5",)),
        Row("MSH", 18, "RE", "in which letters it is written", ("Windows1254", "KOI8")),
    )


def _person(*wrong: str) -> tuple[Row, ...]:
    return (
        Row("PID", 3, "C", "the hospital's file number", when="there is no TCKN"),
        Row(
            "PID",
            4,
            "C",
            "TCKN, or 99... number",
            wrong,
            when="the patient has one; without, the exam is held unless the site accepts it (`Gecit.Identifiers`)",
        ),
        Row("PID", 5, "O", "the patient's name, as pages and report show it"),
        Row("PID", 7, "O", "day of birth", ("31.12.1980",)),
        Row("PID", 8, "O", "sex, as sent"),
        Row("PID", 19, "O", "TCKN where PID-4 has none", example="10000000146"),
    )


_PEER = "the address speaks for more than one institution"

ORDER_ROWS = (
    *_header("`ORM^O01`", "ORU^R01"),
    *_person("10000000147"),
    Row("PV1", 2, "O", "class: `E` emergency, `I` inpatient, `O` outpatient; how soon it is read"),
    Row("PV1", 19, "RE", "admission reference, that of e-Nabız package 101"),
    Row("ORC", 1, "R", "what becomes of the order", ("ZZ",)),
    Row("ORC", 2, "R", "accession number, at most 16 ASCII characters", ("ORNEK000200000002", "ÖRNEK2")),
    Row("ORC", 7, "O", "priority where OBR-27 has none: `S` at once, `A` soon, `R` routine; how soon it is read"),
    Row("ORC", 9, "O", "order time where OBR-6 has none"),
    Row("ORC", 12, "O", "ordering physician: TCKN, family name, given name"),
    Row("ORC", 17, "O", "ordering department"),
    Row("ORC", 21, "C", "SKRS code of the institution, plain or as shown", ("999777",), when=_PEER),
    Row("OBR", 2, "RE", "accession number again", ("BASKA1",)),
    Row("OBR", 3, "RE", "accession number again", ("BASKA1",)),
    Row(
        "OBR", 4, "R", "SUT and LOINC, each told by its code system; SUT without punctuation",
        ("899001^MR^SUT", "899.001^MR^SUT^24590-2^MR^LNC", "899001^MR^SUT^24590-1^MR^LNC"),
    ),
    Row("OBR", 6, "RE", "order time (doktor istem tarihi), by which most rules are dated", ("01.01.2024", "20990101")),
    Row("OBR", 13, "RE", "clinical information"),
    Row("OBR", 15, "C", "who performs, as SKRS code", when="another institution performs", example="456&&SKRS^^^^^R"),
    Row("OBR", 16, "O", "ordering physician where ORC-12 has none"),
    Row("OBR", 18, "RE", "accession number again", ("BASKA1",)),
    Row("OBR", 20, "RE", "SYSTakipNo of e-Nabız; kept, not verified"),
    Row("OBR", 21, "RE", "hospital's reference number; kept, not verified"),
    Row("OBR", 24, "R", "modality; never guessed from the SUT code"),
    Row("OBR", 27, "O", "priority; appointment where OBR-36 has none", example="1^once^^20240101120500^^S"),
    Row(
        "OBR", 31, "C", "reason of a repeat, as code; without it a repeat is held (`duplicate-found`)",
        when="the exam is repeated within six months", example="5",
    ),
    Row("OBR", 36, "O", "appointment or acceptance; one acquisition serves orders within 40 minutes", ("12:05",)),
    Row("DG1", 3, "O", "ICD-10 diagnosis; DG1 repeats"),
)  # fmt: skip
REPORT_ROWS = (
    *_header("`ORU^R01`", "ORM^O01"),
    *_person("10000000147", "10562272296"),
    Row("ORC", 1, "O", "not looked at in a report"),
    Row("ORC", 2, "RE", "accession number; OBR-2, OBR-3 or OBR-18 do too", ("BASKA1",)),
    Row("ORC", 21, "C", "SKRS code of the institution", ("999777",), when=_PEER),
    Row("OBR", 2, "R", "accession number, the order's", ("ORNEK000200000002", "ÖRNEK2")),
    Row("OBR", 3, "RE", "accession number again", ("BASKA1",)),
    Row("OBR", 4, "O", "what was done; the order's codes are the ones that count"),
    Row("OBR", 7, "O", "when the report was approved", ("02.01.2024",)),
    Row("OBR", 18, "RE", "accession number again", ("BASKA1",)),
    Row("OBR", 24, "O", "modality; counts where no order is known"),
    Row("OBX", 3, "R", "text or HTML, always base64", ("RTF^BASE64",)),
    Row("OBX", 4, "C", "number of the part", when="OBX-5 carries none and each part has an OBX", example="3"),
    Row(
        "OBX", 5, "R", "the report in numbered base64 parts",
        ("Karaciğer olağan^3~T2xhxJ9hbg==^4", "T2xhxJ9hbg==^3~T2xhxJ9hbg==^4", "T2xhxJ9hbg==^4", "T2xhxJ9hbg==^9",
         "JVBERi0xLjQ=^3~T2xhxJ9hbg==^4"),
        repeats=True,
    ),
    Row("OBX", 11, "R", "how final the report is", ("X",)),
    Row(
        "OBX", 13, "RE",
        "ratings 1 to 5, 5 best: reason of the request, then image quality; behind them the reasons of each, codes"
        " joined by &, where there are any",
        ("6^5",),
    ),
    Row(
        "OBX", 16, "R", "radiologists: TCKN, family name, given name; the approving one first",
        ("^ÖRNEKÇİ^AYŞEGÜL", "10000090314^KURGUSAL^ÇAĞRI", "10000090178^ÖRNEKÇİ^AYŞEGÜL~10000090314^KURGUSAL^ÇAĞRI"),
        repeats=True,
    ),
    Row("OBX", 17, "C", "contrast: route, agent, concentration", ("XX^Gadobutrol",), when="contrast was given"),
)  # fmt: skip

ORDER_PARTS = (
    Part("MSH", "R", False, "header"),
    Part("PID", "R", False, "patient"),
    Part("PV1", "RE", False, "admission"),
    Part("ORC", "R", True, "order; opens a group. A group without one has the one before"),
    Part("OBR", "R", True, "procedure of the group; each has the same accession number"),
    Part("DG1", "O", True, "diagnosis; of the group before it"),
)
REPORT_PARTS = (
    Part("MSH", "R", False, "header"),
    Part("PID", "R", False, "patient"),
    Part("ORC", "O", False, "accession number and institution once more"),
    Part("OBR", "RE", True, "what was done; the first one tells accession number and approval"),
    Part("OBX", "R", True, "the report: all parts in one, or one for each part"),
)
ENCOUNTER_ROWS = (
    *_header("`ADT^A01`, `A02`, `A03`, `A04`, `A08`, `A11` or `A13`", "ORM^O01"),
    Row("EVN", 2, "RE", "when it was told; decides which of two messages is the newer one, MSH-7 where it is empty",
        ("02.01.2024",)),
    Row("EVN", 6, "O", "of a discharge: when it was, where PV1-45 has none", example="20240105110000"),
    *(one for one in _person("10000000147") if one.place not in ("PID-4", "PID-19")),
    Row("PID", 4, "C", "TCKN; nothing is opened without a valid one", ("10000000147",), when="the patient has one"),
    Row("PID", 19, "O", "TCKN where PID-4 has none", example="10000000146"),
    Row("PD1", 4, "O", "family doctors: TCKN, family and given name; empty changes nothing, two quotation marks delete",
        ("99999999999^X^Y",), repeats=True),
    Row("PV1", 2, "O", "class: `I` inpatient and `E` emergency are an admission, anything else a service"),
    Row("PV1", 3, "O", "institution where PV1-39 has none: SKRS code in the fourth component", example="^^^999001"),
    Row("PV1", 7, "RE", "who treats: TCKN, family name, given name; empty changes nothing, two quotation marks delete",
        ("99999999999^X^Y",), repeats=True),
    Row("PV1", 19, "R", "number of the visit, at most 64 characters; what all messages of a visit have in common"),
    Row("PV1", 39, "C", "SKRS code of the institution", ("999777",), when=_PEER),
    Row("PV1", 45, "O", "when the visit ended; of a discharge also when it will", ("02.01.2024",),
        example="20240105110000"),
)  # fmt: skip
ENCOUNTER_PARTS = (
    Part("MSH", "R", False, "header"),
    Part("EVN", "R", False, "when it was told, and happened"),
    Part("PID", "R", False, "patient"),
    Part("PD1", "O", False, "family doctor"),
    Part("PV1", "R", False, "the visit, and who treats"),
)
ACK_ROWS = {
    ("MSH", 1): ("R", "`|`"),
    ("MSH", 2): ("R", r"`^~\&`, whatever the message used"),
    ("MSH", 3): ("R", "MSH-5 of the message, else `GECIT`"),
    ("MSH", 4): ("RE", "MSH-6 of the message"),
    ("MSH", 5): ("RE", "MSH-3 of the message"),
    ("MSH", 6): ("RE", "MSH-4 of the message"),
    ("MSH", 7): ("R", "when it was answered, with zone"),
    ("MSH", 9): ("R", "`ACK`, the event of the message, `ACK`"),
    ("MSH", 10): ("R", "number of the ACK itself"),
    ("MSH", 11): ("R", "`P`"),
    ("MSH", 12): ("R", "`2.3.1`"),
    ("MSH", 18): ("R", "in which letters the ACK is: those of the message"),
    ("MSA", 1): ("R", "`AA`, `AE` or `AR`"),
    ("MSA", 2): ("RE", "MSH-10 of the message; empty where that had none"),
    ("MSA", 3): (
        "C",
        "AE, AR: code and Turkish text of what decided; AA: the codes of the notes. At most 80 characters",
    ),
    ("ERR", 1): ("C", "AE, AR only: one repetition for each remark, segment^sequence^field^code in both languages"),
}
"""(segment, field) of the ACK -> usage and meaning."""
