"""The reader of policy files, which is the one of every YAML file that holds expressions."""

from satark.language.document import MAX_BYTES, MAX_DEPTH, MAX_SHOWN, Document, Pairs, describe

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_SHOWN", "Document", "Pairs", "describe"]
