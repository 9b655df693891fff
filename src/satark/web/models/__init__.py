"""The models of the installation, for who writes policies: what each was made from, how good it was, who uses it."""

from satark.web.models.pages import ModelPages

__all__ = ["ModelPages"]
