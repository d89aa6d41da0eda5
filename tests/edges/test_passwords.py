"""New passwords, and how many are checked at once."""

import threading

import pytest

from gecit.edges import passwords
from gecit.edges.passwords import PasswordCheck, hash_password, password_faults


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "mavi trompet 7 kayısı",
        "ğ" * 6 + "xQ9!vbn,,lk",
        "k3Zr!p9Lw2mQ",
        "a" * 40 + "bu uzun ve ilgisiz",
    ],
)
def test_a_few_unrelated_words_will_do(password: str) -> None:
    assert password_faults(password, "ayşe", "Ayşe Yılmaz") == []


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", "12"),
        ("k3Zr!p9Lw2m", "12"),
        ("x" * 257, "12"),
        ("k3Zr AYŞE9 w2mQ".replace("Ş", "ş"), "name"),
        ("passwordpassword", "guessed"),
        ("teleradyoloji1", "guessed"),
        ("galatasaray1905", "guessed"),
        ("123456789101112", "guessed"),
        ("qwertyuiop12", "guessed"),
        ("abcabcabcabcabc", "guessed"),
    ],
)
def test_what_is_short_or_near_at_hand_will_not(password: str, said: str) -> None:
    faults = password_faults(password, "ayşe", "Ayşe Yılmaz")
    assert any(said in one.en for one in faults), faults


def test_a_hash_is_argon2id_and_fits_its_password_only() -> None:
    kept, check = hash_password("çok gizli"), PasswordCheck()
    assert kept.startswith("$argon2id$")
    assert check.fits(kept, "çok gizli") is True
    assert check.fits(kept, "cok gizli") is False
    assert check.fits(None, "çok gizli") is False
    assert check.fits("no hash", "çok gizli") is False


def test_only_a_few_are_checked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes 64 MiB: a thousand guessers at once must not take all memory."""
    check, busy, go = PasswordCheck(), threading.Semaphore(0), threading.Event()
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.01)

    class Slow:
        def verify(self, *_: str) -> bool:
            busy.release()
            return go.wait(10)

    check._hasher = Slow()  # type: ignore[assignment]
    threads = [threading.Thread(target=check.fits, args=("h", "p")) for _ in range(passwords.AT_ONCE)]
    for one in threads:
        one.start()
    for _ in threads:
        busy.acquire()
    assert check.fits("h", "p") is None
    go.set()
    for one in threads:
        one.join()
    assert check.fits("h", "p") is True
