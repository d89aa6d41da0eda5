"""Whose exams the demo's day plays. All of them are made up."""

from __future__ import annotations

from ..core.order import Patient

PATIENTS: tuple[Patient, ...] = (
    Patient(family="ÖRNEKOĞLU", given="Şule", birth_date="19800214", sex="F"),
    Patient(family="DENEMECİ", given="İbrahim Çağlar", birth_date="19550930", sex="M"),
    Patient(family="KURGUSAL", given="Gülümser", birth_date="19681103", sex="F"),
    Patient(family="MASALOĞLU", given="Işıl", birth_date="19910607", sex="F"),
    Patient(family="SINAMACI", given="Öğünç", birth_date="20010123", sex="M"),
    Patient(family="TASLAKÇI", given="Züleyha", birth_date="19740819", sex="F"),
    Patient(family="MEÇHULOĞLU", given="Tuğrul", birth_date="19490512", sex="M"),
    Patient(family="ÖYKÜCÜ", given="Nâzım", birth_date="19871225", sex="M"),
    Patient(family="UYDURAN", given="Müjgân", birth_date="19630301", sex="F"),
    Patient(family="GÖSTERMELİK", given="Doğuş", birth_date="19961017", sex="M"),
    Patient(family="ÖRNEKSEL", given="Ümmühan", birth_date="19580704", sex="F"),
    Patient(family="DÜŞSEL", given="Çınar", birth_date="19821121", sex="M"),
    Patient(family="YAPINTI", given="İlkay", birth_date="19700228", sex="F"),
    Patient(family="UYDURUK", given="Gökçe", birth_date="19930915", sex="F"),
    Patient(family="TASVİRCİ", given="Şahin", birth_date="19470402", sex="M"),
    Patient(family="DENEYEN", given="Gülçin", birth_date="19780519", sex="F"),
    Patient(family="KURMACA", given="Oğuz", birth_date="19650830", sex="M"),
)
"""By their numbers in the plots; each day gives them others of their own."""
