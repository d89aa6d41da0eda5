"""Who is told of a critical finding at the hospital. Made up."""

from gecit.core.access import Person, Role

from .flow import HOSPITAL

DOCTOR = Person(name="hekim", roles=(Role.CLINICIAN,), institution=HOSPITAL.skrs)
OTHER_DOCTOR = Person(name="baska", roles=(Role.CLINICIAN,), institution="910009")
WHAT = "Sağ frontalde akut kanama, orta hat kayması 8 mm"
