"""What a member of staff sees and changes of his own: password, second factor, passkeys, open sessions."""

from satark.web.account.pages import AccountPages

__all__ = ["AccountPages"]
