"""Going through a page by the keyboard alone."""

from playwright.async_api import Page

MAX_TABS = 200
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const words = one.getAttribute('aria-label') || one.labels?.[0]?.innerText || one.innerText || '';
  const box = one.getBoundingClientRect();
  const style = getComputedStyle(one);
  return {tag: one.tagName, words: words.trim(), visible: box.width > 0 && box.height > 0,
          ring: style.outlineStyle !== 'none' || style.boxShadow !== 'none'};
}"""
CONTROLS = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), textarea, select, [tabindex="0"]')]
  .filter((one) => !one.disabled && one.tabIndex >= 0 && one.getClientRects().length > 0
      && !(one.type === 'radio' && one.name && !one.checked
           && one !== document.querySelector(`input[name="${one.name}"]`)))
  .map((one) => (one.getAttribute('aria-label') || one.labels?.[0]?.innerText || one.innerText
      || one.value || one.tagName).trim())"""


async def tab_to(page: Page, words: str) -> None:
    """Press Tab until the control with these words has the focus.

    Raises:
        AssertionError: it cannot be reached so, or what has the focus does not show it.
    """
    seen = []
    for _ in range(MAX_TABS):
        await page.keyboard.press("Tab")
        at = await page.evaluate(FOCUSED)
        if at is None:
            continue
        assert at["ring"], f"{at} has the focus and does not show it"
        if words in at["words"]:
            return
        seen.append(at["words"])
    raise AssertionError(f"no Tab reaches {words!r}; these were reached: {seen[:40]}")


async def reached(page: Page) -> list[str]:
    """Give the words of everything that Tab reaches, from the top of the page to its end."""
    await page.evaluate("() => { document.activeElement?.blur(); window.scrollTo(0, 0); }")
    found: list[str] = []
    for _ in range(MAX_TABS):
        await page.keyboard.press("Tab")
        at = await page.evaluate(FOCUSED)
        if at is None:
            break
        assert at["ring"], f"{at} has the focus and does not show it"
        found.append(at["words"])
    return found


async def controls(page: Page) -> list[str]:
    """Give the words of every control that is on the page."""
    found: list[str] = await page.evaluate(CONTROLS)
    return found
