"""The front page: what runs here and where to look. Works without scripts."""

from functools import cache
from importlib import resources

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from gateway.api.auth import V1

router = APIRouter(include_in_schema=False)


@cache
def page(name: str) -> bytes:
    """Read a file of the package's pages."""
    return resources.files("gateway.api").joinpath(f"pages/{name}").read_bytes()


@router.get("/", response_class=Response)
async def front() -> Response:
    """Show the front page."""
    return Response(page("index.html"), media_type="text/html")


@router.get("/page.css", response_class=Response)
async def style() -> Response:
    """Give its style sheet."""
    return Response(page("page.css"), media_type="text/css")


@router.get(f"{V1}/openapi.json", response_class=JSONResponse)
async def document(request: Request) -> JSONResponse:
    """Give the document of the API."""
    return JSONResponse(request.app.openapi())
