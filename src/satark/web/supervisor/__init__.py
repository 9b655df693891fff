"""The supervisor's view: backlog and its age, outcomes, who has how much, which rules are right."""

from satark.web.supervisor.pages import SupervisorPages

__all__ = ["SupervisorPages"]
