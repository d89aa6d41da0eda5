"""The words of the audit's page."""

from __future__ import annotations

from gecit.core.values import Text

TEXTS = {
    "audit": Text(tr="Denetim kaydı", en="Audit"),
    "intro": Text(
        tr="Kim, ne zaman, kimin verisine baktı ya da neyi değiştirdi. Kayıtlar birbirine zincirlidir; gecit audit "
        "verify değiştirilen, silinen ya da yeri değişen satırı bulur.",
        en="Who looked at whose data or changed what, and when. The rows are chained; gecit audit verify finds one "
        "that was edited, deleted or moved.",
    ),
    "who": Text(tr="Kim", en="Who"),
    "what": Text(tr="İşlem", en="Action"),
    "outcome": Text(tr="Sonuç", en="Outcome"),
    "institution": Text(tr="Kurum (SKRS)", en="Institution (SKRS)"),
    "accession": Text(tr="Erişim numarası", en="Accession number"),
    "since": Text(tr="Günden", en="From day"),
    "until": Text(tr="Güne", en="To day"),
    "at": Text(tr="Zaman", en="Time"),
    "address": Text(tr="Adres", en="Address"),
    "detail": Text(tr="Ayrıntı", en="Detail"),
    "any": Text(tr="hepsi", en="any"),
    "search": Text(tr="Ara", en="Search"),
    "csv": Text(tr="CSV indir", en="Download CSV"),
    "patient": Text(tr="Bir hastanın verisine kimler baktı?", en="Who looked at a patient's data?"),
    "tckn": Text(tr="T.C. kimlik numarası", en="TCKN"),
    "list": Text(tr="Listele", en="List"),
    "of-patient": Text(tr="Hastanın kayıtları", en="Rows of the patient"),
    "wrong-tckn": Text(
        tr="Bu bir T.C. kimlik numarası değil: 11 haneyi denetleyin.", en="That is no TCKN: check the eleven digits."
    ),
    "none": Text(tr="Kayıt yok.", en="No rows."),
    "newer": Text(tr="Daha yeni", en="Newer"),
    "older": Text(tr="Daha eski", en="Older"),
    "nobody": Text(tr="(oturum yok)", en="(not signed in)"),
}
OUTCOMES = {
    "done": Text(tr="yapıldı", en="done"),
    "refused": Text(tr="reddedildi", en="refused"),
    "failed": Text(tr="olmadı", en="failed"),
}
WHYS = {
    "missing": Text(tr="oturum açılmamış", en="not signed in"),
    "wrong": Text(tr="yanlış parola ya da belirteç", en="wrong password or token"),
    "wrong password": Text(tr="yanlış parola", en="wrong password"),
    "too many": Text(tr="çok fazla yanlış parola", en="too many wrong passwords"),
    "too many wrong passwords": Text(tr="çok fazla yanlış parola", en="too many wrong passwords"),
    "unknown token": Text(tr="bilinmeyen belirteç", en="unknown token"),
    "unavailable": Text(tr="kayıt defterine ulaşılamadı", en="the ledger could not be reached"),
    "forbidden": Text(tr="yetkisi yok", en="no right to it"),
    "not asked from our own pages": Text(tr="istek bu sayfalardan gelmedi", en="not asked from our own pages"),
}
"""Why a door refused; another reason is shown as it was written."""

ACTIONS = {
    "list exams": Text(tr="tetkikleri listeleme", en="list exams"),
    "see an exam": Text(tr="tetkik görme", en="see an exam"),
    "see a report": Text(tr="rapor görme", en="see a report"),
    "see images": Text(tr="görüntü görme", en="see images"),
    "store images": Text(tr="görüntü gönderme", en="store images"),
    "query duplicates": Text(tr="mükerrer sorgu", en="query duplicates"),
    "retry a delivery": Text(tr="teslimatı yineleme", en="retry a delivery"),
    "approve a withdrawal": Text(tr="geri alma kararı", en="approve a withdrawal"),
    "export": Text(tr="dışa aktarma", en="export"),
    "see the rules": Text(tr="kuralları görme", en="see the rules"),
    "work on the rules": Text(tr="kurallarda değişiklik", en="work on the rules"),
    "see health": Text(tr="sistem durumu", en="see health"),
    "see the audit": Text(tr="denetim kaydını görme", en="see the audit"),
    "manage institutions": Text(tr="kurum yönetimi", en="manage institutions"),
    "manage users": Text(tr="kullanıcı yönetimi", en="manage users"),
    "manage tokens": Text(tr="belirteç yönetimi", en="manage tokens"),
    "manage webhooks": Text(tr="webhook yönetimi", en="manage webhooks"),
    "use Orthanc": Text(tr="Orthanc'ı kullanma", en="use Orthanc"),
    "own account": Text(tr="kendi hesabı", en="own account"),
    "write a report": Text(tr="rapor yazma", en="write a report"),
    "assign a reading": Text(tr="okuma atama", en="assign a reading"),
    "see turn-around times": Text(tr="rapor sürelerini görme", en="see turn-around times"),
    "manage grants": Text(tr="rapor yetkileri", en="manage grants"),
    "share own exams": Text(tr="tetkik paylaşma", en="share own exams"),
    "record care relations": Text(tr="bakım ilişkisi", en="record care relations"),
    "open in an emergency": Text(tr="acil erişim açma", en="open in an emergency"),
    "review emergency access": Text(tr="acil erişimi inceleme", en="review emergency access"),
    "manage retention": Text(tr="saklama süreleri", en="manage retention"),
    "delete a study past its time": Text(tr="süresi dolan çalışmayı silme", en="delete a study past its time"),
    "see what is shared": Text(tr="paylaşılanları görme", en="see what is shared"),
    "send a sharing code": Text(tr="paylaşım kodu gönderme", en="send a sharing code"),
    "enter a sharing code": Text(tr="paylaşım kodu girme", en="enter a sharing code"),
    "take": Text(tr="okumaya alma", en="take to read"),
    "hold": Text(tr="okumayı bekletme", en="put a reading off"),
    "give back": Text(tr="listeye geri verme", en="give a reading back"),
    "add": Text(tr="ek rapora başlama", en="begin an addendum"),
    "correct": Text(tr="düzeltmeye başlama", en="begin a correction"),
    "sign": Text(tr="rapor imzalama", en="sign a report"),
    "sign preliminary": Text(tr="ön rapor imzalama", en="sign a preliminary report"),
    "sign first": Text(tr="ilk imza", en="first signature"),
    "sign in": Text(tr="oturum açma", en="sign in"),
    "sign out": Text(tr="oturum kapatma", en="sign out"),
    "show a token": Text(tr="belirteç gösterme", en="show a token"),
}
"""Actions as the page says them; another one is shown as it was written."""
