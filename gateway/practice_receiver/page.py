"""The page at `/`: what came and what became of it, as two tables; no scripts."""

from collections.abc import Iterable
from html import escape

from gateway.practice_receiver.courier import Said
from gateway.practice_receiver.ledger import Case, Received
from gateway.practice_receiver.moods import Moods

SHOWN = 200
STYLE = """:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 80rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin-block: 1rem 2rem; }
caption { font-weight: bold; text-align: start; }
th, td { border: 1px solid; padding: 0.25rem 0.5rem; text-align: start; vertical-align: top; }
"""
MESSAGES = ("No.", "Time (UTC)", "Reason", "Status", "Case", "Mood", "HTTP", "Kept", "Problems")
CASES = ("Reference", "Case", "Opened (UTC)", "Messages", "Status", "Answer", "Effective")
ANSWERS = ("Time (UTC)", "Says", "To", "Attempts", "HTTP", "Problem")


def page(
    moods: Moods, messages: list[Received], cases: list[Case], said: list[Said], log: str
) -> str:
    """Write the page; the latest lines first. `log` says what is wrong with the log file."""
    steady = f"Mood: {moods.steady.mood}"
    if moods.left or moods.random:
        steady = f"Mood: {moods.left} steps of a script left, then " + (
            "by chance" if moods.random else moods.steady.mood.value
        )
    effective = sum(case.effective for case in cases)
    return "\n".join(
        (
            '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<title>Practice receiver</title>",
            '<link rel="stylesheet" href="/practice/page.css"></head><body><main>',
            "<h1>Practice receiver</h1>",
            "<p>A service to practise against: it sends nobody, and forgets all when it ends.</p>",
            f'<p>{escape(steady)}. <a href="/">Load again</a> to see what came since.</p>',
            f"<p>{escape(log)}</p>" if log else "",
            _table(f"Referrals: {effective} effective of {len(cases)}", CASES, map(_case, cases)),
            _table(f"Messages: {len(messages)}", MESSAGES, map(_message, messages)),
            _table(f"Later answers: {len(said)}", ANSWERS, map(_answer, said)),
            "</main></body></html>",
        )
    )


def _table(caption: str, heads: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    newest = list(rows)[::-1]
    if len(newest) > SHOWN:
        caption += f"; the last {SHOWN} are shown"
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>"
        for row in newest[:SHOWN]
    )
    # The label and tabindex let a keyboard scroll a table that is wider than the window.
    return (
        f'<div class="wide" role="region" aria-label="{escape(caption)}" tabindex="0"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _case(case: Case) -> tuple[object, ...]:
    return (
        case.opened.reference,
        case.case_number,
        f"{case.opened_at:%H:%M:%S}",
        case.messages,
        case.status,
        case.answer,
        "yes" if case.effective else "no",
    )


def _message(one: Received) -> tuple[object, ...]:
    return (
        one.number,
        f"{one.at:%H:%M:%S}",
        one.reason,
        one.status,
        one.case_number,
        one.mood,
        one.answered or "none",
        "yes" if one.kept else "no",
        "; ".join(one.problems),
    )


def _answer(one: Said) -> tuple[object, ...]:
    return (
        f"{one.at:%H:%M:%S}",
        one.kind.value,
        one.to,
        one.attempts,
        one.status or "none",
        one.problem,
    )
