"""A typed client of the HTTP interface, with retries that are safe because ids are idempotent."""

from satark.client.asynchronous import AsyncClient
from satark.client.model import Answer, Receipt
from satark.client.sync import Client

__all__ = ["Answer", "AsyncClient", "Client", "Receipt"]
