from __future__ import annotations

import pytest


@pytest.fixture
def document(http):
    return http.send("GET", "/openapi.json").json()


def _references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def test_every_route_is_described_when_the_document_is_asked_for(document):
    assert set(document["paths"]) == {
        "/v1/decisions",
        "/v1/decisions/batch",
        "/v1/decisions/{event_id}",
        "/v1/labels",
        "/v1/events",
        "/health/live",
        "/health/ready",
        "/metrics",
    }


def test_every_reference_leads_somewhere_when_followed(document):
    for reference in set(_references(document)):
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_every_schema_is_used_when_references_are_counted(document):
    used = {reference.rsplit("/", 1)[1] for reference in _references(document)}
    assert set(document["components"]["schemas"]) <= used


def test_every_operation_has_examples_and_refusals_when_it_takes_a_body(document):
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["operationId"]
            assert operation["summary"]
            if "requestBody" in operation:
                media = operation["requestBody"]["content"]["application/json"]
                assert media["examples"]
                assert {"400", "401", "403", "409", "413", "415", "422", "429", "503", "504"} <= set(
                    operation["responses"]
                )


def test_body_example_passes_the_door_when_sent(http, document):
    for path, methods in document["paths"].items():
        for operation in methods.values():
            media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for example in media.get("examples", {}).values():
                response = http.send("POST", path, json=example["value"])
                assert response.status_code == 200
                if "results" in response.json():
                    assert [item["status"] for item in response.json()["results"]] == [200, 200, 200]


def test_document_and_page_are_absent_when_switched_off(make_http):
    http = make_http(docs=False)
    assert http.send("GET", "/docs").status_code == 404
    assert http.send("GET", "/openapi.json").status_code == 404
