"""Whether those who are to be told of runs can be told."""

from tandem.model.integration import Integration


def notice_problems(integration: Integration) -> list[str]:
    """A sentence for each notice whose notifier cannot be made."""
    if not integration.notify:
        return []
    from tandem.airflow.notices.sending import problems  # imports Airflow, and the notifiers

    return problems(integration)
