"""The OpenAPI document says what the gateway does: all of it, with examples and errors."""

from collections.abc import Iterator
from typing import Any, cast

from gateway.api import records, records_people
from gateway.api.auth import FHIR_R4, ROUTES
from gateway.api.problems import NEXT, TITLES
from gateway.api.records_base import View
from tests.gateway.api_house import V1, House

METHODS = {"get", "post", "put"}
NOT_DESCRIBED = {
    ("GET", f"{V1}/openapi.json"),
    ("POST", f"{FHIR_R4}/$process-message"),  # FHIR describes its own messages
} | {key for key in ROUTES if not key[1].startswith((V1, "/livez", "/readyz", "/metrics"))}


async def described(house: House) -> dict[str, Any]:
    answer = await house.call(None, "GET", f"{V1}/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, found in document["paths"].items():
        for method, operation in found.items():
            assert method in METHODS
            yield method.upper(), path, operation


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


async def test_every_route_of_the_table_is_described_with_its_roles(house: House) -> None:
    document = await described(house)
    found = {(method, path): operation for method, path, operation in operations(document)}

    assert set(found) == set(ROUTES) - NOT_DESCRIBED
    for key, operation in found.items():
        roles = ROUTES[key]
        assert operation["summary"]
        assert operation["description"]
        assert operation["tags"]
        if roles is None:
            assert operation["security"] == []
        else:
            assert operation["security"] == [{"token": []}]
            assert operation["x-roles"] == sorted(roles)
    scheme = document["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


async def test_every_reference_leads_somewhere(house: House) -> None:
    document = await described(house)
    found = set(references(document))

    assert found
    for reference in found:
        name = reference.removeprefix("#/components/schemas/")
        assert name in document["components"]["schemas"], reference


async def test_every_error_is_a_problem_with_an_example(house: House) -> None:
    document = await described(house)
    for method, path, operation in operations(document):
        errors = {
            status: answer for status, answer in operation["responses"].items() if status >= "4"
        }
        assert errors
        if ROUTES[(method, path)] is not None:
            assert {"401", "403", "422", "429", "500", "503"} <= set(errors), path
        if method != "GET":
            assert {"404", "409", "413"} <= set(errors), path
        for answer in errors.values():
            content = answer["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert set(content["example"]) == {"title", "status", "detail", "what_next"}


async def test_every_body_has_an_example_or_needs_nothing(house: House) -> None:
    document = await described(house)
    schemas = document["components"]["schemas"]
    seen = 0
    for method, path, operation in operations(document):
        if method != "POST":
            continue
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        schema = schemas[reference.rpartition("/")[2]]
        assert schema.get("examples") or not schema.get("required"), path
        assert schema["additionalProperties"] is False
        seen += 1
    assert seen == sum(method == "POST" for method, _ in set(ROUTES) - NOT_DESCRIBED)


def test_every_example_of_a_record_is_one() -> None:
    seen = set()
    for name, view in (*vars(records).items(), *vars(records_people).items()):
        if not isinstance(view, type) or not issubclass(view, View):
            continue
        extra = view.model_config.get("json_schema_extra")
        if isinstance(extra, dict):
            for given in cast("list[dict[str, Any]]", extra["examples"]):
                assert set(given) == set(view.model_fields), name
                assert view.model_validate(given)
                seen.add(name)
    assert {"AlarmView", "ReferralView", "TaskView", "Step"} <= seen
    assert {"PersonCard", "PersonRecord", "ServiceView", "UntestedDevice"} <= seen


async def test_answers_have_a_shape(house: House) -> None:
    document = await described(house)
    for _method, path, operation in operations(document):
        if path == "/metrics":
            continue
        good = [answer for status, answer in operation["responses"].items() if status < "3"]
        assert good
        for answer in good:
            assert "$ref" in answer["content"]["application/json"]["schema"], path


def test_every_status_has_its_title_and_what_to_do_next() -> None:
    assert set(TITLES) == set(NEXT)
