"""What the pages of the rules say, in both languages."""

from __future__ import annotations

from gecit.core.billing import Action
from gecit.core.rulecalendar import Standing
from gecit.core.values import Text
from gecit.core.verdict import Effect
from gecit.core.whatif import RunState


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


RULES: dict[str, Text] = {
    "rules": _("Kurallar", "Rules"),
    "calendar": _("Takvim", "Calendar"),
    "register": _("Muafiyetler", "Exemptions"),
    "outages": _("Kesintiler", "Outages"),
    "drafts": _("Taslaklar", "Drafts"),
    "runs": _("Ne olurdu?", "What if?"),
    "history": _("Yürürlük geçmişi", "History"),
    "no-book": _(
        "Yürürlükte kural kitabı yok; düğüm ilk kez başlarken konur.",
        "No rulebook is in force; a node puts one in force when it first starts.",
    ),
    "book-in-force": _("Yürürlükteki kural kitabı", "Rulebook in force"),
    "announcements": _("Duyurular", "Announcements"),
    "announcement": _("Duyuru", "Announcement"),
    "soon": _("Önümüzdeki 90 günde değişecekler", "What changes in the next 90 days"),
    "nothing-soon": _("Önümüzdeki 90 günde hiçbir şey değişmiyor.", "Nothing changes in the next 90 days."),
    "in-force-today": _("Kurallar ve bugün yürürlükte olan sürümleri", "Rules, and what of them is in force today"),
    "timeline": _("Zaman çizgisi", "Timeline"),
    "timeline-hint": _(
        "Her satır bir kural ya da muafiyet; dikey çizgi bugün. Aynı bilgi altındaki tablolarda yazıyla durur.",
        "One row for each rule or exemption; the upright line is today. The tables below say the same in words.",
    ),
    "by-month": _("Ay ay takvim", "Month by month"),
    "year": _("Yıl", "Year"),
    "all-years": _("Bütün yıllar", "All years"),
    "rule": _("Kural", "Rule"),
    "effect": _("Etkisi", "Effect"),
    "who": _("Kim düzeltir", "Who must mend it"),
    "in-force-since": _("Yürürlükte", "In force"),
    "source": _("Kaynak", "Source"),
    "published": _("Yayımlandı", "Published"),
    "own-day": _("Belgenin tarihi", "Day of the document"),
    "later": _("Sonra başlayacak", "Starts later"),
    "fails-now": _("Şimdi takılan tetkik", "Exams it keeps back now"),
    "none-now": _("şu anda yok", "none now"),
    "failed": _("geçmedi", "failed"),
    "cannot-tell": _("söylenemiyor", "cannot tell"),
    "counts-hint": _(
        "Sayılar yalnızca görebildiğiniz tetkikleri içerir.", "Counts are of the exams that you may see, and no others."
    ),
    "start-unknown": _("başlangıcı bilinmiyor", "first day unknown"),
    "still": _("hâlâ", "still"),
    "until-notice": _("yeni duyuruya kadar", "until further notice"),
    "edition": _("Sürüm", "Edition"),
    "editions": _("Sürümler", "Editions"),
    "track": _("kol", "track"),
    "check": _("Denetim", "Check"),
    "applies": _("Kapsam", "Applies to"),
    "every-exam": _("her tetkik", "every exam"),
    "reading": _("Nasıl okuyoruz", "How we read it"),
    "same-outcome": _("sonuç aynı, bulguları değişir", "the same, with other findings"),
    "gap": _("Öncesindeki boşluk", "The gap before it"),
    "dated-by": _("Hangi tarih sürümü seçer", "Which date picks the edition"),
    "where": _("Nerede", "Where"),
    "fix": _("Çözüm", "How to mend it"),
    "origin": _("Dosyası", "Whose file"),
    "shipped": _("Geçit ile gelen", "shipped with Geçit"),
    "site": _("kuruluşun", "the site's own"),
    "exemptions-of": _("Bu kuraldan muaf tutanlar", "What excuses from it"),
    "no-exemptions": _("Bu kuralın muafiyeti yok.", "Nothing excuses from this rule."),
    "cases": _("Örnek durumlar", "Examples"),
    "cases-hint": _(
        "Testlerin çalıştırdığı örnekler: tetkikte verilenler ve kuralların dediği.",
        "The tests run these: what is given of an exam, and what rules say of it.",
    ),
    "no-cases": _("Bu kuralın örneği yok.", "There are no examples of this rule."),
    "given": _("Verilen", "Given"),
    "then": _("Sonuç", "Then"),
    "what-if-date": _("Bu sürüm başka bir tarihte başlasaydı?", "What if an edition began at another date?"),
    "what-if-hint": _(
        "Hiçbir şey değişmez: kayıtlı tetkikler ayrı bir süreçte, o tarihe göre yeniden değerlendirilmiş gibi "
        "karşılaştırılır.",
        "Nothing is changed: a process of its own compares the recorded exams with what would be said of them.",
    ),
    "begins": _("Başlangıç (İstanbul saati)", "Begins (Istanbul time)"),
    "ask": _("Hesapla", "Find out"),
    "window": _("Pencere", "Window"),
    "windows": _("Pencereler", "Windows"),
    "excuses": _("Muaf tuttuğu kural", "Excuses from"),
    "from": _("İlk dakika", "First minute"),
    "last": _("Son dakika (içinde)", "Last minute (inside)"),
    "excused-exams": _("Muaf tuttuğu tetkik", "Exams it excused"),
    "condition": _("Şartı", "Provided that"),
    "device": _("Cihaz (Teletıp no)", "Device (Teletıp id)"),
    "filter": _("Süz", "Filter"),
    "text": _("Metin", "Text"),
    "any": _("hepsi", "any"),
    "csv": _("CSV olarak indir", "Download as CSV"),
    "no-windows": _("Bu süzgece uyan pencere yok.", "No window matches."),
    "rows-shown": _("{count} pencere", "{count} windows"),
    "service": _("Servis", "Service"),
    "began": _("Başladı", "Began"),
    "ended": _("Bitti", "Ended"),
    "goes-on": _("sürüyor", "goes on"),
    "reason": _("Neden", "Reason"),
    "outages-hint": _(
        "Geçit'in kendisinin gördüğü kesintiler, en yenisi üstte. Muafiyeti Bakanlık duyurur; taslak, duyuru gelince "
        "karşılaştırmak içindir.",
        "Outages that Geçit saw itself, the newest first. The Ministry announces exemptions; a draft is there to be "
        "compared with the announcement.",
    ),
    "no-outages": _("Kayıtlı kesinti yok.", "No outage was recorded."),
    "make-draft": _("Taslak yap", "Make a draft"),
    "all-stands": _(
        "Bu aralıktaki kesintilerin hepsi için pencere zaten var; taslak yapılmadı.",
        "Windows stand already for all outages of that stretch; no draft was made.",
    ),
    "no-outage-there": _(
        "Bu serviste bu aralıkta kesinti kaydı yok; taslak yapılmadı.",
        "No outage of this service was recorded in that stretch; no draft was made.",
    ),
    "adds-to": _("Hangi muafiyete eklenecek", "Adds to the exemption"),
    "title": _("Duyurunun başlığı", "Title of the announcement"),
    "draft-name": _("Taslağın adı", "Name of the draft"),
    "name-hint": _(
        "küçük harf, rakam, tire; dosya adı olur", "small letters, digits, dashes; it becomes a file's name"
    ),
    "until": _("Bitiş", "Until"),
    "since": _("Başlangıç", "From"),
    "no-site-folder": _(
        "Taslak için kuruluşun kendi kural klasörü gerekir: sistem yöneticisi Gecit.SiteRules ayarına boş bir klasör "
        "yazmalı ve düğümü yeniden başlatmalı.",
        "Drafts need a folder for the site's own rules: the administrator must set Gecit.SiteRules to an empty folder "
        "and start the node again.",
    ),
    "no-drafts": _("Taslak yok.", "There are no drafts."),
    "drafts-hint": _(
        "Taslaklar kuruluşun kural klasöründe, drafts/ altında durur; gecit rules drafts aynılarını görür. Yürürlüğe "
        "konana dek hiçbir tetkiki etkilemezler.",
        "Drafts lie in the site's folder of rules, under drafts/; gecit rules drafts sees the same. Until one is put "
        "in force it touches no exam.",
    ),
    "changed": _("Değişti", "Changed"),
    "new-draft": _("Yeni taslak", "New draft"),
    "start-from": _("Başlangıç metni", "Start from"),
    "empty-rows": _("bir muafiyete eklenecek boş satır", "an empty row for an exemption"),
    "create": _("Oluştur", "Create"),
    "draft": _("Taslak", "Draft"),
    "toml": _("TOML metni", "TOML text"),
    "save": _("Kaydet ve denetle", "Save and check"),
    "remove": _("Taslağı sil", "Throw the draft away"),
    "faults": _("Kusurlar", "Faults"),
    "place": _("Yer", "Place"),
    "what": _("Ne", "What"),
    "no-faults": _("Kusur yok.", "No faults."),
    "difference": _("Yürürlüktekinden farkı", "What differs from what is in force"),
    "no-difference": _("Yürürlüktekinden farkı yok.", "Nothing differs from what is in force."),
    "also-pending": _(
        "Kuruluşun klasöründe, bu taslağın dışında da yürürlükte olmayan değişiklikler var; yürürlüğe koymak hepsini "
        "birlikte koyar. Yukarıdaki liste hepsini gösterir.",
        "The site's folder has other changes that are not in force; putting the draft in force takes them along. "
        "The list above shows all.",
    ),
    "effect-of-draft": _("Etkisi", "What it would do"),
    "try": _("Etkisini hesapla", "Find out what it would do"),
    "not-tried": _("Bu metnin etkisi henüz hesaplanmadı.", "Nobody has asked yet what this text would do."),
    "activate": _("Yürürlüğe koy", "Put in force"),
    "note": _("Gerekçe (kayda geçer)", "Why (kept for the record)"),
    "unseen": _("Etkisine bakmadan yürürlüğe koyuyorum", "I put it in force without having seen its effect"),
    "loses": _(
        "Yürürlükteki {count} kayıt kalkacak; bunu istiyorum", "{count} entries in force will go away; I mean that"
    ),
    "must-see": _(
        "önce etkisini hesaplayın ya da bakmadan koyduğunuzu onaylayın",
        "find out the effect first, or say that you do without",
    ),
    "must-note": _("gerekçe yazın", "write why"),
    "mend-first": _("önce kusurları düzeltin", "mend the faults first"),
    "activate-hint": _(
        "Dosya kuruluşun klasöründe yerini alır, kural kitabı yeni sürüm olarak yürürlüğe girer, etkilenen tetkikler "
        "yeniden değerlendirilir. MEDULA'ya bildirilmiş olan kendiliğinden geri çekilmez.",
        "The file takes its place in the site's folder, the rulebook becomes a new revision, and exams it can touch "
        "are judged again. What MEDULA was told is not taken back by itself.",
    ),
    "run": _("Hesaplama", "Run"),
    "asked": _("Soruldu", "Asked"),
    "by": _("Kim", "By"),
    "in-force": _("yürürlükte", "in force"),
    "state": _("Durum", "State"),
    "no-runs": _("Henüz bir hesaplama yok.", "Nothing was asked yet."),
    "runs-hint": _(
        "Her hesaplama ayrı bir süreçte, alınan iletilerin önüne geçmeden çalışır; düğümde aynı anda bir tane. Son "
        "20'si saklanır.",
        "Each runs in a process of its own, behind whatever comes in; one at a time on a node. The last 20 are kept.",
    ),
    "looked-at": _("Bakılan tetkik", "Exams looked at"),
    "would-change": _("Değişecek tetkik", "Exams that would change"),
    "stop": _("Durdur", "Stop"),
    "busy": _("Bir hesaplama sürüyor; bitmesini bekleyin ya da durdurun.", "One is running; wait for it, or stop it."),
    "transition": _("Karar", "Verdict"),
    "medula": _("MEDULA'ya", "MEDULA would be told"),
    "findings": _("Bulgular", "Findings"),
    "first-rows": _("ilk {count} satır; hepsi CSV'de", "the first {count} rows; the CSV has all"),
    "nothing-changes": _(
        "Görebildiğiniz hiçbir tetkik değişmezdi.", "None of the exams that you may see would change."
    ),
    "run-failed": _(
        "Hesaplama sonuç vermeden bitti. Sistem yöneticisi Orthanc günlüğünde gecit.whatif satırlarına bakmalı.",
        "The run ended without a result. The administrator should look for gecit.whatif lines in Orthanc's log.",
    ),
    "refresh": _("Yenile", "Refresh"),
    "revision": _("Sürüm no", "Revision"),
    "activated": _("Yürürlüğe girdi", "Put in force"),
    "rejudged": _("Yeniden değerlendirme", "Judged again"),
    "rejudging": _("sürüyor", "going on"),
    "overtaken": _("sonraki sürümle birlikte", "with a later revision"),
    "rejudged-as": _(
        "{looked_at} bakıldı, {changed} değişti, {released} serbest, {withdrawals} geri çekme önerisi",
        "{looked_at} looked at, {changed} changed, {released} released, {withdrawals} withdrawals proposed",
    ),
    "now-in-force": _(
        "Yürürlükte. {count} tetkik kapsamda; yeniden değerlendiriliyor.",
        "In force. {count} exams stand in reach and are judged again.",
    ),
    "was-in-force": _("Bu metin zaten yürürlükteydi.", "This text was in force already."),
    "saved": _("Kaydedildi.", "Saved."),
    "removed": _("Taslak silindi.", "The draft was thrown away."),
    "wrong-date": _("tarih anlaşılamadı: 2026-03-02T09:30 gibi yazın", "no date: write it as 2026-03-02T09:30"),
    "order": _("İstem tarihi", "Ordered"),
}

STANDINGS: dict[Standing, Text] = {
    Standing.ENDED: _("bitti", "ended"),
    Standing.IN_FORCE: _("yürürlükte", "in force"),
    Standing.LATER: _("sonra başlayacak", "starts later"),
}
EFFECTS: dict[Effect, Text] = {
    Effect.HOLD: _("tetkiki bekletir", "holds the exam"),
    Effect.WAIT: _("eksik parçayı bekler", "waits for a missing piece"),
    Effect.REFUSE_REPORT: _("raporu geri çevirir", "refuses the report"),
    Effect.WARN: _("yalnızca uyarır", "only warns"),
}
LEGEND: dict[str, Text] = {
    "hold": _("bekletir ya da geri çevirir", "holds or refuses"),
    "wait": EFFECTS[Effect.WAIT],
    "warn": EFFECTS[Effect.WARN],
    "window": _("muaf", "excused"),
    "later": STANDINGS[Standing.LATER],
}
SOURCES: dict[str, Text] = {
    "notice": _("duyuru", "notice"),
    "letter": _("yazı", "letter"),
    "circular": _("genelge", "circular"),
    "guide": _("kılavuz", "guide"),
    "reading": _("bizim okumamız", "our reading"),
    "site": _("kuruluş", "the site"),
}
RUN_STATES: dict[RunState, Text] = {
    RunState.STARTING: _("başlıyor", "starting"),
    RunState.RUNNING: _("çalışıyor", "running"),
    RunState.DONE: _("bitti", "done"),
    RunState.FAILED: _("sonuç vermedi", "failed"),
    RunState.STOPPED: _("durduruldu", "stopped"),
}
TOLD: dict[Action, Text] = {
    Action.NONE: _("hiçbir şey", "nothing"),
    Action.NOTIFY: _("bildirim", "notification"),
    Action.WITHDRAW: _("geri çekme", "withdrawal"),
    Action.PROPOSE_WITHDRAWAL: _("geri çekme önerisi (bir kişi karar verir)", "withdrawal proposed (a person decides)"),
    Action.DROP_PROPOSAL: _("geri çekme önerisi düşer", "the proposed withdrawal is dropped"),
}
CHANGES: dict[str, Text] = {
    "added": _("eklenir", "added"),
    "removed": _("kalkar", "removed"),
    "changed": _("değişir", "changed"),
}
DATE_TITLE = _(
    "{rule}: {edition} sürümü {start} tarihinde başlasaydı", "{rule}: if the edition {edition} began at {start}"
)
DRAFT_TITLE = _("Taslak {file}", "Draft {file}")
DUPLICATES = _("Geçit'in mükerrer sorgu kapısı", "Geçit's own duplicate query")
ABOVE = _("üst servis {name}", "the service above, {name}")


def service_name(service: str) -> Text:
    """Return what people call a service whose outage was recorded."""
    kind, _colon, name = service.partition(":")
    if kind == "upstream":
        return Text(tr=ABOVE.tr.format(name=name), en=ABOVE.en.format(name=name))
    return DUPLICATES if service == "duplicates" else Text(tr=service, en=service)
