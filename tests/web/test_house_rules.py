"""Rules that hold for every route and every template, those of tomorrow included."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from mailer.models.notices import NoticeKind
from mailer.models.users import User
from mailer.web.access import PUBLIC_ENDPOINTS
from mailer.web.catalogues import translations_into
from tests.support.catalogues import translated
from tests.support.factories import client_of, completed_mailing_of, mailing_of, message_of, started_mailing_of
from tests.support.visitor import Page, visitor

pytestmark = pytest.mark.one_database("what pages look like is the same on both")

TEMPLATES = Path(__file__).parents[2] / "mailer" / "templates"
MAIL_PARTS = ("subject", "body")

# What anybody may see. A new public page is a decision: it is made in access.py and noted here.
EXPECTED_PUBLIC = {
    "static",
    "auth.login",
    "auth.register",
    "auth.choose_language",
    "home.healthz",
    "home.metrics",
    "unsubscribing.show",
    "unsubscribing.unsubscribe",
    "unsubscribing.take_back",
    "auth.reset_password",
    "auth.reset_asked",
    "auth.choose_password",
    "auth.confirm_address",
    "auth.confirm_now",
}

# The classes of the components, each the first thing that a macro of theirs writes.
DRAWN_BY_MACROS = (
    "page-head", "section-head", "trail", "empty", "pager", "bulk", "row-form", "form-label", "field-error", "state",
    "books-lead", "books-bar", "books-table", "hold", "hold-line", "verdict", "toast", "toasts", "changed", "search",
    "choice", "tick-line", "day-choice", "scope",
)

# Mail programs post there without cookies (RFC 8058, 3.1); the link is the proof.
WITHOUT_CSRF = ("unsubscribing.unsubscribe", "unsubscribing.take_back")

# Pages of other projects, under a policy of their own; web/dashboard.py guards them, and its tests look after that.
FOREIGN_BLUEPRINTS = ("rq_dashboard",)


def rules_of(app: Flask, method: str) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]


def path_of(app: Flask, rule: Rule, number: int = 1) -> str:
    """The rule's URL, with ids that exist and a word for every other part."""
    numbers = {name for other in app.url_map.iter_rules() for name in re.findall(r"<int:(\w+)>", other.rule)}
    values = {name: number if name in numbers else "word" for name in rule.arguments}
    with app.test_request_context():
        path: str = app.url_map.bind("localhost").build(rule.endpoint, values)
    return path


def test_only_the_pages_named_here_are_public() -> None:
    assert PUBLIC_ENDPOINTS == EXPECTED_PUBLIC


def test_every_other_route_asks_for_a_login(app: Flask) -> None:
    open_doors = []
    for method in ("GET", "POST"):
        for rule in rules_of(app, method):
            if rule.endpoint not in PUBLIC_ENDPOINTS:
                answer = visitor(app).open(path_of(app, rule), method=method)
                if (answer.status_code, (answer.location or "").partition("?")[0]) != (303, "/auth/login"):
                    open_doors.append((method, rule.rule, answer.status_code))
    assert not open_doors


def test_every_post_without_a_csrf_token_is_refused(
    app_with_csrf: Flask, session: Session, adam: User
) -> None:
    unguarded = []
    for rule in rules_of(app_with_csrf, "POST"):
        if not rule.endpoint.startswith(FOREIGN_BLUEPRINTS) and rule.endpoint not in WITHOUT_CSRF:
            answer = visitor(app_with_csrf, session, adam).post(path_of(app_with_csrf, rule))
            if answer.status_code != 400:
                unguarded.append((rule.rule, answer.status_code))
    assert not unguarded


@pytest.fixture
def full_house(alice: User) -> User:
    """Somebody with at least one of everything, whose ids begin at 1."""
    client_of(alice, full_name="Anna")
    message_of(alice)
    mailing_of(alice)
    started_mailing_of(alice)
    completed_mailing_of(alice, accepted=1, failed=1, unknown=1)
    return alice


def pages(app: Flask, session: Session, user: User) -> Iterator[tuple[str, Page]]:
    """Every page that this user can open by GET, and every form as it is refused."""
    browser = visitor(app, session, user)
    for rule in rules_of(app, "GET"):
        if rule.endpoint == "static" or rule.endpoint.startswith(FOREIGN_BLUEPRINTS):
            continue
        for number in (1, 2, 3):
            yield f"GET {rule.rule} {number}", browser.get(path_of(app, rule, number))
            if not rule.arguments:
                break
    for rule in rules_of(app, "POST"):
        if rule.endpoint.endswith((".new", ".edit")):
            yield f"POST {rule.rule}", browser.post(path_of(app, rule), data={})
    yield "GET /auth/login", visitor(app, session).get("/auth/login")
    yield "GET /auth/register", visitor(app, session).get("/auth/register")


def test_no_page_fails_and_none_has_inline_scripts_or_styles(
    app: Flask, session: Session, full_house: User
) -> None:
    faults = []
    for name, page in pages(app, session, full_house):
        if page.status_code >= 500 and "healthz" not in name:
            faults.append(f"{name}: {page.status_code}")
        if page.mimetype != "text/html":
            continue
        faults += [f"{name}: <script> without src" for script in page.all("script") if not script.get("src")]
        faults += [f"{name}: <style>" for _style in page.all("style")]
        for tag in page.all("*"):
            faults += [f"{name}: {tag.name} {key}" for key in tag.attributes if key == "style" or key.startswith("on")]
            faults += [f"{name}: {tag.name} {key}" for key in tag.attributes if key.startswith("hx-on")]
            faults += [f"{name}: {value}" for value in tag.attributes.values() if str(value).startswith("javascript:")]
    assert not faults


def test_every_page_has_one_heading_labels_and_columns_with_scope(
    app: Flask, session: Session, full_house: User
) -> None:
    faults = []
    for name, page in pages(app, session, full_house):
        if page.mimetype != "text/html" or not page.has("main"):
            continue
        if len(page.all("h1")) != 1:
            faults.append(f"{name}: {len(page.all('h1'))} h1")
        faults += [f"{name}: th without scope" for cell in page.all("th") if not cell.get("scope")]
        ids = [str(tag["id"]) for tag in page.all("[id]")]
        faults += [f"{name}: id {id_} twice" for id_ in set(ids) if ids.count(id_) > 1]
        labelled = {label.get("for") for label in page.all("label")}
        for field in page.all("input:not([type=hidden]), select, textarea"):
            is_labelled = field.get("id") in labelled or field.is_within("label") or field.get("aria-label")
            faults += [] if is_labelled else [f"{name}: {field.get('name')} without label"]
    assert not faults


def test_no_page_says_anything_in_english_to_a_russian_reader(
    app: Flask, session: Session, full_house: User
) -> None:
    """Words that were looked up too early, or not at all, stand on the page as they stand in the source."""
    russian, faults = translations_into("ru"), []
    sources = {message.id for message in translated("ru") if isinstance(message.id, str) and message.id}
    full_house.language = "ru"
    for name, page in pages(app, session, full_house):
        if not page.has("html[lang=ru]"):
            continue
        for words in map(str.strip, page.html.strings):
            if words in sources and russian.ugettext(words) != words:
                faults.append(f"{name}: {words}")
    assert not faults


def test_every_htmx_link_also_leads_somewhere_without_javascript(
    app: Flask, session: Session, full_house: User
) -> None:
    faults = []
    for name, page in pages(app, session, full_house):
        if page.mimetype == "text/html":
            faults += [f"{name}: {link}" for link in page.all("a[hx-get]") if not link.get("href")]
            faults += [f"{name}: {form['hx-post']}" for form in page.all("form[hx-post]") if not form.get("action")]
    assert not faults


def test_every_answer_carries_the_security_headers(app: Flask, session: Session, full_house: User) -> None:
    for name, page in pages(app, session, full_house):
        policy = page.headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy, name
        assert page.headers["X-Content-Type-Options"] == "nosniff", name
        assert "no-store" in page.headers["Cache-Control"], name


def test_components_are_drawn_by_their_macros_alone() -> None:
    """Whoever writes one by hand forgets what the macro has learned since: a label, a role, what phones need."""
    classes = "|".join(DRAWN_BY_MACROS)
    by_hand = re.compile(rf'<dialog|name="csrf_token"|class="(?:[^"]* )?(?:{classes})[ "{{]')
    drawn = [path for path in TEMPLATES.rglob("*.html") if by_hand.search(path.read_text())]
    assert {path.parent.name for path in drawn} == {"components"}, drawn
    macros = "".join(path.read_text() for path in (TEMPLATES / "components").iterdir())
    assert [name for name in DRAWN_BY_MACROS if not re.search(rf'class="(?:[^"]* )?{name}[ "{{]', macros)] == []


def test_every_icon_is_in_the_font() -> None:
    """The font is cut down to the icons that its list names; another one would be an empty place."""
    listed = (TEMPLATES.parent / "static" / "vendor" / "bootstrap-icons.css").read_text()
    there = set(re.findall(r"\.bi-([\w-]+)::before", listed))
    named = [re.findall(r"\bbi bi-([a-z][\w-]*)(?=[ \"])", path.read_text()) for path in TEMPLATES.rglob("*.html")]
    assert named and set(sum(named, [])) <= there


def test_every_template_is_used_and_every_used_one_is_there(app: Flask) -> None:
    source = "".join(path.read_text() for path in (TEMPLATES.parent).rglob("*.py"))
    waiting = re.findall(r'"([\w/]+\.html)"', source)
    # A mail is a folder, and sent by its name.
    letters = re.findall(r'send_notice\("(\w+)"', source) + [kind.value for kind in NoticeKind]
    used = {f"mail/{name}/{part}.txt" for name in letters for part in MAIL_PARTS}
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            waiting += re.findall(r'"([\w/]+\.html)"', (TEMPLATES / name).read_text())
    assert used == {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.*")}
