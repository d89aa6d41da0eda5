"""Whether the site is there, is who it says, lets us in, and stands as it should."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

from gecit.core.trials import Left
from gecit.core.values import Text
from gecit.web.selftest.wire import Facts

from .checking import Check, failed, said, skipped
from .kit import Kit

ADMINISTRATOR = said("sistem yöneticisi", "the administrator")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}
"""What each answer carries, as it begins."""


def answers(kit: Kit) -> Text:
    """The site is there."""
    answer = kit.ask("GET", "/gecit/api/live", token=None)
    if answer.status_code != 200 or "json" not in answer.headers.get("Content-Type", ""):
        raise failed(f"HTTP {answer.status_code}: Geçit değil", f"HTTP {answer.status_code}: not Geçit")
    return said("Geçit yanıt veriyor", "Geçit answers")


def https(kit: Kit) -> Text:
    """It is reached by TLS, unless it is on this computer."""
    if urlsplit(kit.options.target).scheme == "https":
        return said("https, sertifikasına güvenildi", "https, its certificate is trusted")
    if kit.loopback:
        raise skipped("aynı bilgisayarda http", "http on this very computer")
    raise failed("şifresiz http", "plain http")


def token(kit: Kit) -> Text:
    """The token opens the self-test."""
    answer = kit.ask("GET", "/gecit/api/selftest", timeout=kit.options.patience)
    if answer.status_code != 200:
        raise failed(*REFUSALS.get(answer.status_code, (f"HTTP {answer.status_code}",) * 2))
    kit.facts = msgspec.json.decode(answer.content, type=Facts)
    mine = kit.facts.institution
    return said(f"deneme kurumu {mine.skrs}", f"trial institution {mine.skrs}")


REFUSALS = {
    401: ("belirteç tanınmıyor ya da süresi dolmuş", "the token is unknown or out of date"),
    403: ("belirtecin bu sınamaya yetkisi yok", "the token has no right to the self-test"),
    404: ("bu sürüm kendi kendini sınamayı bilmiyor", "this version knows no self-test"),
    409: ("belirteç bir deneme kurumunun değil", "the token is not of a trial institution"),
    503: ("kayıt defterine ya da Orthanc'a ulaşılamıyor", "the ledger or Orthanc cannot be reached"),
}


def processes(kit: Kit) -> Text:
    """Every process gave a sign of life."""
    answer = kit.ask("GET", "/gecit/api/health")
    found = answer.json().get("processes", []) if answer.status_code in (200, 503) else []
    silent = ", ".join(sorted(one["process"] for one in found if not one.get("ok")))
    if answer.status_code != 200:
        raise failed(
            f"HTTP {answer.status_code}; sessiz: {silent or '?'}", f"HTTP {answer.status_code}; silent: {silent or '?'}"
        )
    return said(f"{len(found)} süreç çalışıyor", f"{len(found)} processes run")


def rulebook(kit: Kit) -> Text:
    """Rules are in force, and those that were expected."""
    site, wanted = kit.site, kit.options.rulebook.lower()
    if not site.rules:
        raise failed("yürürlükte kural yok", "no rules are in force")
    if wanted and not site.revision.startswith(wanted):
        raise failed(f"yürürlükteki {site.revision[:12]}", f"in force is {site.revision[:12]}")
    return said(
        f"{site.rules} kural, {site.exemptions} muafiyet, {site.revision[:12]}",
        f"{site.rules} rules, {site.exemptions} exemptions, {site.revision[:12]}",
    )


def medula(kit: Kit) -> Text:
    """Somebody answers where MEDULA is told to be."""
    site = kit.site.site
    if site.role != "Node":
        raise skipped("ön denetim kurulumu kimseye bildirmez", "a preflight installation tells nobody")
    if site.medula == "not configured":
        raise failed("adresi yazılmamış", "its address is not set")
    if site.medula == "silent":
        raise failed(f"yanıt yok: {site.medula_fault}", f"no answer: {site.medula_fault}")
    return said("adresinde yanıt var; hiçbir şey sorulmadı", "somebody answers there; nothing was asked")


def clean(kit: Kit) -> Text:
    """Nothing is left of earlier runs; what is, is removed first."""
    before = kit.site.left
    if not before:
        return said("önceki sınamadan kalan yok", "nothing is left of earlier runs")
    left = removed(kit, "")
    if left:
        raise failed(f"silinemedi: {shown(left)}", f"could not be removed: {shown(left)}", at_its_node(left))
    return said(
        f"önceki sınamadan kalan silindi: {shown(before)}", f"left of earlier runs, and removed: {shown(before)}"
    )


def removed(kit: Kit, run: str) -> Left:
    """Ask the site to remove a run ("" = all), and return what is left."""
    answer = kit.ask("POST", "/gecit/api/selftest/remove", json={"run": run}, timeout=kit.options.patience)
    answer.raise_for_status()
    return msgspec.convert(answer.json().get("left", {}), type=Left)


def shown(left: Left) -> str:
    """Write what is left."""
    return ", ".join(f"{name} {value}" for name, value in msgspec.to_builtins(left).items() if value)


def at_its_node(left: Left) -> Text | None:
    """Say how what other nodes hold is removed: each deletes its own images alone."""
    if not left.held_by:
        return None
    return said(
        f"Görüntüler şu düğümlerde: {left.held_by}. Sınamanın bütün kapıları tek düğümün olmalı; kalanı o düğümde "
        "silin: gecit selftest --only clean --target ADRESİ",
        f"The images lie at: {left.held_by}. All doors of a run must be one node's; remove what is left there: "
        "gecit selftest --only clean --target ITS-ADDRESS",
    )


def headers(kit: Kit) -> Text:
    """Pages carry the headers that protect browsers."""
    answer = kit.ask("GET", "/gecit/sign-in", token=None)
    if answer.status_code != 200:
        raise failed(f"HTTP {answer.status_code}", f"HTTP {answer.status_code}")
    wanted = dict(HEADERS)
    if urlsplit(kit.options.target).scheme == "https" and not kit.loopback:
        wanted["Strict-Transport-Security"] = "max-age="
    missing = ", ".join(name for name, value in wanted.items() if not answer.headers.get(name, "").startswith(value))
    if missing:
        raise failed(f"eksik ya da başka: {missing}", f"missing or otherwise: {missing}")
    return said("hepsi yerinde", "all are there")


def viewer(kit: Kit) -> Text:
    """The viewer's page comes, with its script."""
    page = kit.ask("GET", "/gecit/ohif/")
    script = re.search(r'<script[^>]+src="([^"]+\.js)"', page.text) if page.status_code == 200 else None
    if script is None:
        raise failed(f"sayfa: HTTP {page.status_code}", f"page: HTTP {page.status_code}")
    path = script[1] if script[1].startswith("/") else f"/gecit/ohif/{script[1]}"
    answer = kit.ask("GET", path)
    if answer.status_code != 200 or "javascript" not in answer.headers.get("Content-Type", ""):
        raise failed(
            f"betiği gelmiyor: HTTP {answer.status_code}", f"its script does not come: HTTP {answer.status_code}"
        )
    return said("sayfa ve betik geldi", "page and script came")


CHECKS = (
    Check(
        id="site", run=answers, after=(), gate=True,
        title=said("Site yanıt veriyor", "The site answers"),
        expected=said("Geçit, sertifikası güvenilir", "Geçit, with a trusted certificate"),
        fix=said("Adresi, sertifikayı ve güvenlik duvarını denetleyin.", "Check address, certificate and firewall."),
    ),
    Check(
        id="https", run=https, after=("site",),
        title=said("Bağlantı şifreli", "The connection is encrypted"), expected=said("https", "https"),
        fix=said("Öne nginx koyun (docs/howto/tls.md).", "Put nginx in front (docs/howto/tls.md)."),
    ),
    Check(
        id="token", run=token, after=("site",), gate=True,
        title=said("Belirteç", "Token"),
        expected=said("deneme kurumunun programı olarak kabul", "let in as a program of a trial institution"),
        fix=said(
            "Yönetici deneme kurumu ve program belirteci kaydetmeli (docs/howto/selftest.md).",
            "The administrator records a trial institution and a token for its program (docs/howto/selftest.md).",
        ),
    ),
    Check(
        id="processes", run=processes, after=("token",),
        title=said("Süreçler", "Processes"), expected=said("hepsi çalışıyor", "all of them run"),
        fix=said("Yönetici Orthanc günlüğüne bakmalı.", "The administrator should read Orthanc's log."),
    ),
    Check(
        id="rulebook", run=rulebook, after=("token",),
        title=said("Kural kitabı", "Rulebook"), expected=said("kurallar yürürlükte", "rules are in force"),
        fix=said("Yönetici: gecit rules activate", "The administrator: gecit rules activate"),
    ),
    Check(
        id="medula", run=medula, after=("token",),
        title=said("MEDULA", "MEDULA"), expected=said("adresinde yanıt var", "somebody answers at its address"),
        fix=said(
            "Yönetici Gecit.Medula.Url ayarını ve ağ yolunu denetlemeli.",
            "The administrator checks Gecit.Medula.Url and the way to it.",
        ),
    ),
    Check(
        id="headers", run=headers, after=("site",),
        title=said("Sayfaların güvenlik başlıkları", "Security headers of pages"),
        expected=said("CSP, nosniff, X-Frame-Options, Referrer-Policy; https'te HSTS",
                      "CSP, nosniff, X-Frame-Options, Referrer-Policy; HSTS on https"),
        fix=said("Öndeki sunucunun ayarını denetleyin.", "Check the proxy in front."),
    ),
    Check(
        id="viewer", run=viewer, after=("token",),
        title=said("Görüntüleyici", "Viewer"), expected=said("sayfa ve betiği gelir", "page and script come"),
        fix=said("Yönetici: make setup; Gecit.Assets ayarı.", "The administrator: make setup; Gecit.Assets."),
    ),
    Check(
        id="clean", run=clean, after=("token",),
        title=said("Önceki sınamadan kalan", "Left of earlier runs"), expected=said("hiçbir şey", "nothing"),
        fix=said("Birkaç dakika sonra yeniden deneyin.", "Try again in a few minutes."),
    ),
)  # fmt: skip
