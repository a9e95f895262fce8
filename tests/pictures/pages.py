"""Which pages are pictured, and how they are looked at."""

from dataclasses import dataclass
from itertools import product

DESK, PHONE, SMALL = (1280, 860), (375, 780), (360, 640)


@dataclass(frozen=True)
class View:
    """A page, and how it is looked at; what its path has in braces is one of the story's mailings."""

    name: str
    path: str
    theme: str = "light"
    language: str = "en"
    size: tuple[int, int] = DESK
    is_whole: bool = False
    # Whose page it is: "owner", "admin", or nobody's before they sign in.
    visitor: str = "owner"


OF_README = (
    View("home", "/"),
    View("clients", "/clients/?q=school&sort=newest"),
    View("mailing-form", "/mailings/new?message_id=2&client_ids=3&client_ids=4&client_ids=7"),
    View("mailing", "/mailings/{running}"),
    View("failures", "/mailings/{completed}", theme="dark"),
    View("attempts", "/attempts/", theme="dark"),
    View("reports", "/reports/"),
    View("phone-mailing", "/mailings/{running}", size=PHONE, language="ru"),
    View("phone-mailings", "/mailings/", size=PHONE, theme="dark", language="ru"),
)

BEFORE_LOGIN = ("/auth/login", "/auth/register", "/auth/reset-password")
PATHS = (
    *BEFORE_LOGIN,
    "/",
    "/clients/",
    "/clients/new",
    "/clients/1",
    "/clients/1/edit",
    "/clients/1/delete",
    "/clients/import",
    "/messages/",
    "/messages/new",
    "/messages/1",
    "/mailings/",
    "/mailings/new",
    "/mailings/new?client_ids=3&client_ids=4",
    "/mailings/{running}",
    "/mailings/{running}/ask/finish",
    "/mailings/{completed}",
    "/mailings/{completed}/ask/resend",
    "/mailings/{booked}",
    "/mailings/{booked}/ask/start",
    "/mailings/{paused}",
    "/attempts/",
    "/attempts/recipients/1",
    "/reports/",
    "/reports/replies",
    "/reports/mailings/{completed}",
    "/suppressions/",
    "/suppressions/new",
    "/auth/profile",
    "/auth/profile/edit",
    "/auth/profile/password",
    "/auth/profile/delete",
    "/addresses/",
    "/suppressions/import",
    "/reports/periods",
    "/reports/domains",
    "/mailings/{booked}/edit",
    "/nowhere",
)
OF_ADMINS = (
    "/mailings/all",
    "/mailings/{running}/ask/disable",
    "/reports/owners?scope=all",
    "/users/",
    "/users/2/ask/block",
    "/users/2/ask/role",
    "/audit/",
)


# Each theme with each language, each of them with each width, on a phone as small as there are.
DRESSES = (("light", "ru", DESK), ("dark", "en", DESK), ("dark", "ru", PHONE), ("light", "en", SMALL))


def of_everything() -> list[View]:
    """Every page, whole, in each of the dresses."""
    views = []
    for path, (theme, language, size) in product(PATHS + OF_ADMINS, DRESSES):
        words = "".join(letter if letter.isalnum() else "-" for letter in path).strip("-") or "home"
        visitor = "admin" if path in OF_ADMINS else "" if path in BEFORE_LOGIN else "owner"
        views.append(View(f"{words}.{language}.{theme}.{size[0]}", path, theme, language, size, True, visitor))
    return views
