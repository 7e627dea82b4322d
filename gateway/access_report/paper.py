"""The report as a PDF that a screen reader can read (PDF/UA-1), made from the same page.

WeasyPrint is imported where it is used: it needs the Pango libraries of the system, and a gateway serves without them.
"""

from types import ModuleType
from typing import Final

from gateway.access_report.page import page_of
from gateway.access_report.report import Report

VARIANT: Final = "pdf/ua-1"


class PaperUnavailable(Exception):
    """No PDF can be made on this machine; the message says what is missing."""


def paper_of(report: Report) -> bytes:
    """Return the report as a PDF.

    Raises:
        PaperUnavailable: WeasyPrint or the libraries that it needs are not installed.
    """
    weasyprint = _weasyprint()
    page = report.say("page", page="\ue000", pages="\ue001")
    # What stands around the numbers, as CSS strings; the words come from a file, so quotes in them are taken out.
    before, _, rest = page.replace("\\", "").replace('"', "").partition("\ue000")
    between, _, after = rest.partition("\ue001")
    numbering = f'"{before}" counter(page) "{between}" counter(pages) "{after}"'
    style = f"@page {{ @bottom-right {{ content: {numbering}; font: 9pt 'DejaVu Sans', sans-serif; }} }}"
    document = weasyprint.HTML(string=page_of(report, extra_style=style), url_fetcher=_nothing)
    made: bytes = document.write_pdf(pdf_variant=VARIANT)
    return made


def _nothing(url: str, *_: object, **__: object) -> dict[str, object]:
    raise ValueError("a report loads nothing")


def _weasyprint() -> ModuleType:
    try:
        import weasyprint  # type: ignore[import-untyped]  # it ships no py.typed
    except (ImportError, OSError) as error:
        raise PaperUnavailable(
            "A PDF needs WeasyPrint (pip install 'directory-gateway[pdf]') and the Pango libraries of the system."
        ) from error
    module: ModuleType = weasyprint
    return module
