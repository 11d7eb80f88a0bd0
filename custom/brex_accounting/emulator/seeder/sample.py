"""Invented people, sellers, places and words, in many scripts: what a sync worker has to carry through unharmed."""

from __future__ import annotations

from typing import Any, Final

COMPANY: Final[dict[str, Any]] = {
    "legal_name": "Harbour & Vale Instruments, Inc.",
    "mailing_address": {
        "line1": "1 Example Plaza",
        "line2": None,
        "city": "San Francisco",
        "state": "CA",
        "country": "US",
        "postal_code": "94105",
        "phone_number": "+1-555-0100",
    },
    "accountType": "BREX_EMPOWER",
}
"""As the Team API shows it, but for the id."""

DEPARTMENTS: Final = (
    "Engineering",
    "Sales",
    "Finance & Legal",
    "Recherche et développement",
    "People",
    "カスタマーサクセス",
)

BUDGETS: Final = (
    "Engineering tools",
    "Travel 2026",
    "Marketing – Q1/Q2",
    "Büro & Betrieb",
    "研究開発費",
    "ميزانية المؤتمرات",
)

POLICIES: Final = ("Everyday spend", "Travel & entertainment", "Vendors")

PROJECTS: Final = ("Lighthouse", "Café 2.0", "Проект «Север»", "プロジェクト☀️")

Address = dict[str, Any]

PLACES: Final[tuple[tuple[str, str, Address], ...]] = (
    (
        "San Francisco",
        "US",
        {
            "country": "US",
            "state": "CA",
            "city": "San Francisco",
            "postal_code": "94105",
            "timezone": "America/Los_Angeles",
            "coordinates": {"latitude": 37.789, "longitude": -122.394},
            "line1": "1 Example Plaza",
            "line2": "Floor 12",
        },
    ),
    ("New York", "US", {"country": "US", "state": "NY", "city": "New York", "postal_code": "10001", "line2": None}),
    (
        "München",
        "DE",
        {
            "country": "DE",
            "state": None,
            "city": "München",
            "postal_code": "80331",
            "timezone": "Europe/Berlin",
            "coordinates": {"latitude": 48.137, "longitude": 11.575},
            "line1": "Beispielstraße 7",
        },
    ),
    ("London", "GB", {"city": "London", "postal_code": "EC1A 1AA", "line1": "2 Sample Row"}),
    (
        "東京",
        "JP",
        {"country": "JP", "state": "東京都", "city": "千代田区", "postal_code": "100-0001", "line1": "見本町1-2-3"},
    ),
    ("مدينة الكويت", "KW", {"country": "KW", "timezone": "Asia/Kuwait", "line1": None}),
    (
        "At sea",
        "US",
        {
            "country": None,
            "state": None,
            "city": None,
            "postal_code": None,
            "timezone": None,
            "coordinates": None,
            "line1": None,
            "line2": None,
        },
    ),
    ("Anywhere", "US", {}),
)
"""Name, country of the entity that pays there, and the address."""

Entity = tuple[str, str, str, dict[str, Any]]

ENTITIES: Final[tuple[Entity, ...]] = (
    ("US", "USD", "Harbour & Vale Instruments, Inc.", {"is_default": True}),
    (
        "DE",
        "EUR",
        "Harbour & Vale Messtechnik GmbH",
        {
            "billing_address": {
                "line1": "Beispielstraße 7",
                "line2": "2. OG",
                "city": "München",
                "state": "Bayern",
                "country": "DE",
                "postal_code": "80331",
                "phone_number": "+1-555-0149",
            },
            "is_default": False,
        },
    ),
    (
        "GB",
        "GBP",
        "Harbour & Vale Ltd",
        {
            "billing_address": {
                "line1": None,
                "line2": None,
                "city": None,
                "state": None,
                "country": None,
                "postal_code": None,
                "phone_number": None,
            },
            "is_default": None,
        },
    ),
    ("JP", "JPY", "ハーバー・アンド・ヴェイル株式会社", {"billing_address": {}}),
    ("KW", "KWD", "هاربر آند فيل ذ.م.م", {"billing_address": None}),
)
"""Country, currency, name, and what else a legal entity shows."""

TITLES: Final = ("Chief Executive", "VP Engineering", "Controller", "Software Engineer", "Account Executive", "Buyer")

Person = tuple[str, str, str, int | None, int | None, int | None, int | None, str, str]

PEOPLE: Final[tuple[Person, ...]] = (
    ("Ada", "Quill", "ada.quill", 0, None, 0, None, "SUPER_ADMIN", "ACTIVE"),
    ("Tomo", "Vale", "tomo.vale", 0, 0, 1, 0, "ACCOUNT_ADMIN", "ACTIVE"),
    ("Renée", "O'Connor", "renee.oconnor", 1, 2, 2, 0, "BOOKKEEPER", "ACTIVE"),
    ("Zoe\u0308", "Mu\u0308ller", "zoe.mueller", 2, 3, 3, None, "EMPLOYEE", "ACTIVE"),
    ("Łukasz", "Nowak-Żółć", "lukasz.nowak", 2, 0, 3, 3, "EMPLOYEE", "ACTIVE"),
    ("太郎", "山田", "taro.yamada", 4, 5, 4, None, "CARD_ADMIN", "ACTIVE"),
    ("さくら", "見本", "sakura.mihon", 4, 5, None, None, "EMPLOYEE", "ACTIVE"),
    ("محمد", "العلي", "mohammed.alali", 5, 1, 4, None, "EMPLOYEE", "ACTIVE"),
    ("نورة", "الصباح", "noura", 5, 1, None, 7, "EXPENSE_ADMIN", "ACTIVE"),
    ("נועה", "כהן", "noa.cohen", 3, 0, 3, None, "EMPLOYEE", "ACTIVE"),
    ("Анна", "Соколова", "anna.sokolova", 3, 3, None, None, "EMPLOYEE_WITHOUT_CORP_CARDS", "ACTIVE"),
    ("Ευγενία", "Παππά", "evgenia.pappa", 2, 4, None, None, "USER_MANAGEMENT_ADMIN", "INACTIVE"),
    ("अनन्या", "शर्मा", "ananya.sharma", 0, 0, 3, None, "EMPLOYEE", "ACTIVE"),
    ("สมชาย", "ใจดี", "somchai.jaidee", 1, 1, None, None, "EMPLOYEE", "ACTIVE"),
    ("지우", "김", "jiwoo.kim", 0, 3, None, None, "EMPLOYEE", "ACTIVE"),
    ("Nguyễn Thị", "Hương", "huong.nguyen", 0, 0, None, None, "EMPLOYEE", "ACTIVE"),
    ('Roberta "Bob"', "Tab\\les; --", "roberta.tables", 1, 0, 3, 1, "EMPLOYEE", "ACTIVE"),
    ("María José", "Ñíguez", "maria.niguez", 1, 1, None, None, "EMPLOYEE", "ACTIVE"),
    ("Jón", "Þórðarson", "jon.thordarson", 6, None, None, None, "EMPLOYEE", "PENDING_ACTIVATION"),
    ("X Æ", "Null", "null", 7, None, None, None, "EMPLOYEE", "INVITED"),
    ("Ifeanyi", "Ọkọ̀", "ifeanyi.oko", None, 4, None, None, "EMPLOYEE", "DISABLED"),
    ("Grace", "Example", "grace.example", 0, 2, 5, 2, "AP_CLERK", "ACTIVE"),
    ("Li", "O", "li.o", None, None, None, None, "EMPLOYEE", "ARCHIVED"),
    ("Mary-Ann", "van der Sample", "mary-ann", 3, 1, None, None, "EMPLOYEE", "DELETED"),
    ("Kofi", "Sample", "kofi.sample", 0, 0, None, None, "EMPLOYEE", "ACTIVE"),
    ("Ines", "Sample", "ines.sample", 0, 1, None, None, "EMPLOYEE", "ACTIVE"),
    ("Oskar", "Sample", "oskar.sample", 1, 0, None, None, "EMPLOYEE", "ACTIVE"),
    ("Priya", "Sample", "priya.sample", 0, 3, None, None, "EMPLOYEE", "ACTIVE"),
)
"""First and last name, mailbox, place, department, title, manager (places in the tables), role and status."""

Seller = tuple[str, str, str, str, str, str, str]

SELLERS: Final[tuple[Seller, ...]] = (
    ("Blue Kettle Coffee", "BLUE KETTLE COFFEE 0042", "5814", "US", "USD", "RESTAURANTS", "6420"),
    ("Acme Corp", "ACME CORP", "5065", "US", "USD", "ELECTRONICS", "6510"),
    ("Cloudwright Hosting", "CLOUDWRIGHT*HOSTING", "7372", "US", "USD", "SERVERS", "6310"),
    ("Paper & Sons, Inc.", "PAPER & SONS INC", "5943", "US", "USD", "OFFICE_SUPPLIES", "6500"),
    ("Redwood Air", "REDWOOD AIR 0271133", "4511", "US", "USD", "AIRLINE_EXPENSES", "6410"),
    ("Harbor Office Supply", "HARBOR OFFICE SPLY", "5021", "US", "USD", "FURNITURE", "6510"),
    ("Lodge No. 9", "LODGE NO 9", "7011", "US", "USD", "LODGING", "6410"),
    ("Seatwise SaaS", "SEATWISE.EXAMPLE.COM", "5734", "US", "USD", "RECURRING_SOFTWARE_AND_SAAS", "6320"),
    ("Ride'n'Go", "RIDE'N'GO TRIP", "4121", "US", "USD", "RIDESHARE_AND_TAXI", "6430"),
    ("Bright Ads", "BRIGHT ADS 889", "7311", "US", "USD", "ADVERTISING_AND_MARKETING", "6600"),
    ("Tally, Tally & Partners LLP", "TALLY TALLY PTNRS", "8111", "US", "USD", "LEGAL_SERVICES", "6700"),
    ("Parcelpost", "PARCELPOST #7", "4215", "US", "USD", "SHIPPING", "6530"),
    ("Nordwind Bürobedarf GmbH", "NORDWIND BUEROBEDARF", "5943", "DE", "EUR", "OFFICE_SUPPLIES", "6500"),
    ("Gasthaus „Zum Löwen“", "GASTHAUS ZUM LOEWEN", "5812", "DE", "EUR", "RESTAURANTS", "6420"),
    ("Boulangerie de l’Œuvre", "BOULANGERIE OEUVRE", "5462", "FR", "EUR", "FOOD_DELIVERY", "6420"),
    ("Σίγμα Συνέδρια", "SIGMA CONFERENCES", "7399", "GR", "EUR", "CONFERENCES", "6440"),
    ("Thistle & Thread Ltd", "THISTLE & THREAD", "5651", "GB", "GBP", "CLOTHING", "6550"),
    ("The Sample Arms", "SAMPLE ARMS LONDON", "5813", "GB", "GBP", "BARS_AND_NIGHTLIFE", "6420"),
    ("株式会社サンプル", "SAMPLE KK", "5045", "JP", "JPY", "GENERAL_MERCHANDISE", "6500"),
    ("見本鉄道", "MIHON RAILWAY", "4112", "JP", "JPY", "PUBLIC_TRANSPORTATION", "6430"),
    ("مكتبة النور", "AL NOUR BOOKSHOP", "5942", "KW", "KWD", "BOOKS_AND_NEWSPAPERS", "6500"),
    ("فندق الواحة", "OASIS HOTEL", "7011", "KW", "KWD", "LODGING", "6410"),
    ("קפה דוגמה", "CAFE DUGMA", "5814", "IL", "ILS", "RESTAURANTS", "6420"),
    ("예시전자", "YESI ELECTRONICS", "5732", "KR", "KRW", "ELECTRONICS", "6510"),
    ("उदाहरण यात्रा", "UDAHARAN TRAVEL", "4722", "IN", "INR", "OTHER_TRAVEL_EXPENSES", "6410"),
    ("Exempel Möbler AB", "EXEMPEL MOBLER", "5712", "SE", "SEK", "FURNITURE", "6510"),
    ("Muster & Söhne AG", "MUSTER SOEHNE", "6012", "CH", "CHF", "BANK_AND_FINANCIAL_FEES", "6800"),
    ("Érable Training Inc.", "ERABLE TRAINING", "8299", "CA", "CAD", "TRAINING_AND_EDUCATION", "6450"),
)
"""Name, descriptor, merchant category code, country, currency, category of the expense, account in the ledger."""

MEMOS: Final = (
    "Team lunch with the Berlin office",
    "Café crème & croissants – Zürich offsite",
    "Cafe\u0301 with a combining accent, nai\u0308ve",
    "出張費 東京→大阪",
    'Flight "SFO–JFK", seat 12A',
    "Conference tickets 🎟️",
    "Monthly subscription, 14 seats",
    "Taxi zum Flughafen,\nQuittung folgt",
    "C:\\receipts\\2026\\lunch.pdf\tscanned",
    "غداء مع العميل (٣ أشخاص)",
    "ארוחת צהריים עם הלקוח",
    "Обед с клиентом",
    "고객 미팅 간식",
    "ग्राहक के साथ चाय",
    "👩🏽‍💻 new starter kit 🇮🇸",
    "=SUM(A1:A9)",
    "<b>not bold</b> & it's fine",
    "line one\r\nline two\u2028line three",
    "  spaces at both ends  ",
    "",
    "Desks",
    (
        "Desks for the new room, which the landlord promised for March and then for April; see the thread with "
        "facilities for the floor plan, the colours, and who agreed to what"
    ),
)

ESCAPED_MEMO: Final = rb'"D\u00e9j\u00e0 vu \ud83c\udf89 \/ written with escapes"'
"""As servers write that escape all that is not ASCII: the same characters, other bytes."""

FILES: Final = (b"receipt.pdf", b"receipt.jpg", b"scan-0001.png", b"invoice.pdf", b"IMG_2231.jpg", b"folio.pdf")
"""Names of receipts' files."""

__all__ = [
    "BUDGETS",
    "COMPANY",
    "DEPARTMENTS",
    "ENTITIES",
    "ESCAPED_MEMO",
    "FILES",
    "MEMOS",
    "PEOPLE",
    "PLACES",
    "POLICIES",
    "PROJECTS",
    "SELLERS",
    "TITLES",
    "Entity",
    "Person",
    "Seller",
]
