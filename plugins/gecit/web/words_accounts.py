"""What the pages of accounts say, in both languages."""

from __future__ import annotations

from gecit.core.access import Action, Role
from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


PAGE: dict[str, Text] = {
    "sign-in": _("Oturum aç", "Sign in"),
    "sign-in-by": _("{label} ile oturum aç", "Sign in by {label}"),
    "user-name": _("Kullanıcı adı", "User name"),
    "password": _("Parola", "Password"),
    "no-account": _(
        "Hesabınız yoksa kurumunuzun yöneticisine başvurun.", "If you have no account, ask your institution's manager."
    ),
    "or": _("ya da", "or"),
    "own-account": _("Hesabım", "My account"),
    "roles": _("Roller", "Roles"),
    "no-roles": _("Rol verilmemiş: hiçbir şey göremez.", "No role: sees nothing."),
    "change-password": _("Parolayı değiştir", "Change password"),
    "present-password": _("Şimdiki parola", "Present password"),
    "new-password": _("Yeni parola", "New password"),
    "new-password-again": _("Yeni parola, yeniden", "New password, again"),
    "password-rules": _(
        "En az 12 karakter; adınız geçmesin; birkaç ilgisiz sözcük en iyisidir. Öbür bütün oturumlarınız kapanır.",
        "12 characters at least, without your name; a few unrelated words are best. All your other sessions end.",
    ),
    "no-password": _(
        "Bu hesap parolayla açılmaz; kimlik sağlayıcıyla oturum açılır.",
        "This account has no password; it is signed in by a provider of identities.",
    ),
    "sessions": _("Açık oturumlar", "Open sessions"),
    "no-sessions": _("Açık oturum yok.", "No open session."),
    "this-session": _("bu oturum", "this session"),
    "begun": _("Başladığı", "Begun"),
    "last-seen": _("Son kullanım", "Last used"),
    "how": _("Nasıl", "How"),
    "by-password": _("parola", "password"),
    "address": _("Adres", "Address"),
    "end-session": _("Kapat", "End"),
    "sign-out-everywhere": _("Her yerde oturumu kapat", "Sign out everywhere"),
    "users": _("Kullanıcılar", "Users"),
    "user": _("Kullanıcı", "User"),
    "new-user": _("Yeni kullanıcı", "New user"),
    "full-name": _("Adı soyadı", "Full name"),
    "email": _("E-posta", "E-mail"),
    "account-tckn": _("T.C. kimlik no", "Turkish identity no"),
    "tckn-why": _(
        "e-Devlet ya da Bakanlık hesabıyla girişte hesap bu numarayla bulunur; boş kalabilir.",
        "Sign-in by e-Devlet or the Ministry's account finds the account by it; may stay empty.",
    ),
    "employer": _("Çalıştığı kurum", "Employer"),
    "none": _("yok", "none"),
    "account-state": _("Durum", "State"),
    "account-open": _("açık", "open"),
    "account-disabled": _("kapalı", "disabled"),
    "disable": _("Hesabı kapat", "Disable the account"),
    "disable-why": _(
        "Oturumları hemen kapanır; parolası ve belirteçleri birkaç saniye içinde geçmez olur.",
        "Its sessions end at once; its password and tokens open nothing within seconds.",
    ),
    "enable": _("Hesabı aç", "Open the account"),
    "save": _("Kaydet", "Save"),
    "give-password": _("Yeni parola ver", "Give a new password"),
    "password-optional": _(
        "Boş bırakılırsa parolayla girilemez; yalnızca kimlik sağlayıcıyla.",
        "Left empty nobody signs in by password, only by a provider of identities.",
    ),
    "open-sessions": _("{count} açık oturum", "{count} open sessions"),
    "back": _("Listeye dön", "Back to the list"),
    "tokens": _("Belirteçler", "Tokens"),
    "tokens-why": _(
        "HBYS, PACS gibi programlar bunlarla bağlanır: yalnızca bir kurum için ve yalnızca seçilen işlemlere.",
        "Programs such as an HBYS or PACS come in by these: for one institution and the chosen actions only.",
    ),
    "new-token": _("Yeni belirteç", "New token"),
    "token-shown-once": _(
        "Belirteç yalnızca şimdi gösterilir; kopyalayıp programa yazın.",
        "The token is shown only now; copy it into the program.",
    ),
    "program": _("Program", "Program"),
    "program-why": _("Denetim kaydında bu adla görünür: “Örnek HBYS”.", "The audit names it so: “Örnek HBYS”."),
    "label": _("Açıklama", "Label"),
    "actions": _("İşlemler", "Actions"),
    "all-actions": _("rolünün hepsi", "all of its role"),
    "actions-why": _("Hiçbiri seçilmezse bir programın yapabildiği her şey.", "None chosen: all that a program may."),
    "lasts": _("Süre", "Lasts"),
    "days": _("{count} gün", "{count} days"),
    "expires": _("Bitiş", "Expires"),
    "account-never": _("hiç", "never"),
    "revoke": _("İptal et", "Revoke"),
    "token-open": _("geçerli", "valid"),
    "token-revoked": _("iptal edildi", "revoked"),
    "token-expired": _("süresi doldu", "expired"),
    "no-tokens": _("Belirteç yok.", "No tokens."),
    "institutions": _("Kurumlar", "Institutions"),
    "new-institution": _("Yeni kurum", "New institution"),
    "no-institutions": _("Kurum kaydedilmemiş.", "No institution is recorded."),
    "skrs": _("SKRS kodu", "SKRS code"),
    "skrs-why": _("HL7 ve KOS bu kodu kullanır.", "HL7 and KOS use this code."),
    "medula-code": _("MEDULA tesis kodu", "MEDULA facility code"),
    "medula-why": _("Faturalama ve mükerrer sorgu bu kodu kullanır.", "Billing and duplicate queries use this code."),
    "name": _("Adı", "Name"),
    "ownership": _("Mülkiyet", "Ownership"),
    "province": _("İl", "Province"),
    "aets": _("AE başlıkları", "AE titles"),
    "one-a-line": _("Her satıra bir tane.", "One a line."),
    "stations": _("Cihazlar", "Stations"),
    "stations-why": _(
        "Her satıra bir tane: AET=CT,MR@sunucu:kapı. Yöntem ve geri arama adresi bilinenler için.",
        "One a line: AET=CT,MR@host:port. For those whose modality or call-back address is known.",
    ),
    "hl7-peers": _("HL7 adresleri", "HL7 addresses"),
    "peers-why": _(
        "HBYS'nin IP adresi ya da ağı (CIDR), her satıra bir tane.", "IP addresses or networks, one a line."
    ),
    "receiver": _("Rapor alıcısı", "Receiver of reports"),
    "receiver-why": _(
        "HBYS'nin burada imzalanan raporları aldığı MLLP adresi: sunucu:kapı, TLS için tls:sunucu:kapı.",
        "Where its HBYS takes reports signed here, by MLLP: host:port, or tls:host:port.",
    ),
    "profile": _("HL7 profili", "HL7 profile"),
    "character-set": _("Karakter kümesi", "Character set"),
    "as-declared": _("her iletinin bildirdiği", "as each message declares"),
    "mend": _("Kaydedilmedi; düzeltilecekler:", "Not saved; please mend:"),
}

ROLES: dict[Role, Text] = {
    Role.ADMINISTRATOR: _("Teleradyoloji Birimi / sistem yöneticisi", "Teleradyoloji unit / administrator"),
    Role.MANAGER: _("Kurum yöneticisi", "Institution manager"),
    Role.RADIOLOGIST: _("Radyolog", "Radiologist"),
    Role.CONSULTANT: _("Konsültan hekim", "Consultant of another specialty"),
    Role.CLINICIAN: _("Klinisyen", "Clinician"),
    Role.ASSESSOR: _("Kalite değerlendirici", "Quality assessor"),
    Role.CITIZEN: _("Vatandaş", "Citizen"),
    Role.SERVICE: _("Program (HBYS, PACS)", "Program (HBYS, PACS)"),
    Role.VISITOR: _("Bağlantıyla gelen", "Visitor by a link"),
}

ACTIONS: dict[Action, Text] = {
    Action.LIST_EXAMS: _("tetkikleri listelemek", "list exams"),
    Action.SEE_EXAM: _("tetkiki görmek", "see an exam"),
    Action.SEE_REPORT: _("raporu görmek", "see a report"),
    Action.SEE_IMAGES: _("görüntüleri görmek (QIDO, WADO)", "see images (QIDO, WADO)"),
    Action.STORE_IMAGES: _("görüntü göndermek (STOW)", "store images (STOW)"),
    Action.QUERY_DUPLICATES: _("mükerrer sorgulamak", "query duplicates"),
    Action.RETRY_DELIVERY: _("teslimi yinelemek", "retry a delivery"),
    Action.APPROVE_WITHDRAWAL: _("geri çekmeyi onaylamak", "approve a withdrawal"),
    Action.EXPORT: _("dışa aktarmak", "export"),
    Action.SEE_RULES: _("kuralları görmek", "see the rules"),
    Action.WORK_ON_RULES: _("kurallar üzerinde çalışmak", "work on the rules"),
    Action.SEE_HEALTH: _("sistem durumunu görmek", "see health"),
    Action.SEE_AUDIT: _("denetim kaydını görmek", "see the audit"),
    Action.MANAGE_INSTITUTIONS: _("kurumları yönetmek", "manage institutions"),
    Action.MANAGE_USERS: _("kullanıcıları yönetmek", "manage users"),
    Action.MANAGE_TOKENS: _("belirteçleri yönetmek", "manage tokens"),
    Action.MANAGE_WEBHOOKS: _("webhook aboneliklerini yönetmek", "manage webhooks"),
    Action.USE_ORTHANC: _("Orthanc'ın kendi arayüzü", "use Orthanc itself"),
    Action.OWN_ACCOUNT: _("kendi hesabı", "own account"),
    Action.WRITE_REPORT: _("rapor yazmak", "write a report"),
    Action.ASSIGN_READING: _("okuma atamak", "assign a reading"),
    Action.SEE_TURNAROUND: _("rapor sürelerini görmek", "see turn-around times"),
    Action.MANAGE_GRANTS: _("rapor yetkilerini yönetmek", "manage grants"),
    Action.SHARE: _("kendi tetkiklerini paylaşmak", "share own exams"),
    Action.RECORD_CARE: _("bakım ilişkisi kaydetmek", "record care relations"),
    Action.OPEN_IN_EMERGENCY: _("acil erişim açmak", "open in an emergency"),
    Action.REVIEW_EMERGENCY: _("acil erişimi incelemek", "review emergency access"),
    Action.MANAGE_RETENTION: _("saklama sürelerini yönetmek", "manage retention"),
    Action.SEE_SHARED: _("paylaşılanları görmek", "see what is shared"),
}

OWNERSHIPS: dict[str, Text] = {
    "public": _("kamu", "public"),
    "private": _("özel", "private"),
    "university": _("üniversite", "university"),
}
