"""The SOAP adapter with its secrets in files and a list of the physicians that tests name."""

from __future__ import annotations

from pathlib import Path

from gecit.edges.medula_soap import SoapMedula
from gecit.ports import Physician
from gecit.sandbox.medula_soap import Account

ACCOUNT = Account(user="gecit-deneme", password="bir-parola")
HBYS_CODE = "0123456789abcdef0123456789abcdef"


class Everybody:
    """Implements `ports.Physicians`: the made-up people of tests/support/billing.py, and whom a test adds."""

    def __init__(self) -> None:
        self.known: dict[str, Physician] = {
            "10000090178": Physician(registration="70178", branch="990", name="Ayşegül ÖRNEKÇİ"),
            "10000090314": Physician(registration="70314", branch="991", name="Çağrı KURGUSAL"),
        }

    def physician(self, tckn: str) -> Physician | None:
        return self.known.get(tckn)


def soap_medula(
    url: str, folder: Path, timeout: float = 2.0, physicians: Everybody | None = None, account: Account = ACCOUNT
) -> SoapMedula:
    user, password = folder / "medula-user", folder / "medula-password"
    user.write_text(f"{account.user}\n", encoding="utf-8")
    password.write_text(f"{account.password}\n", encoding="utf-8")
    return SoapMedula(
        url,
        physicians or Everybody(),
        hbys_code=HBYS_CODE,
        user_file=user,
        password_file=password,
        timeout=timeout,
    )
