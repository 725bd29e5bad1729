from __future__ import annotations


class ChannelsCeleryError(Exception):
    """Base of the library's errors; without arguments, its docstring is the text."""

    def __str__(self) -> str:
        return super().__str__() or " ".join((self.__doc__ or "").split())


# What a handler raises.


class Fail(ChannelsCeleryError):
    """The work can not succeed: the job fails at once and its text is shown to people."""


class Retry(ChannelsCeleryError):
    """The work asks for another run, which counts as an attempt.

    `countdown`: seconds until then; None takes the channel's own backoff.
    """

    def __init__(self, *args: object, countdown: float | None = None) -> None:
        super().__init__(*args)
        number = isinstance(countdown, int | float) and not isinstance(countdown, bool)
        # Written so that NaN does not fit.
        if countdown is not None and not (number and countdown >= 0):
            raise BadOption(f"Retry(countdown={countdown!r}): expected seconds, 0 or more.")
        self.countdown = countdown


class Cancelled(ChannelsCeleryError):
    """The handler saw `job.cancelled` and stopped: the job ends cancelled."""


class LeaseLost(ChannelsCeleryError):
    """This attempt's lease has passed to another one: nothing that it writes counts any more."""


# What leaves our Celery task, so that Flower, signals and Sentry see the truth.


class JobFailed(ChannelsCeleryError):
    """A job ended failed; `code` says why in one word."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


# What a caller did that is refused before any effect.


class BadMessage(ChannelsCeleryError):
    """A message, result or event is not JSON as the library stores it."""


class TooLarge(BadMessage):
    """A message, result or event is larger than its bound."""


class UnknownChannel(ChannelsCeleryError):
    """No `channel_task` of this name is registered in this process."""


class BadOption(ChannelsCeleryError):
    """A channel, rule or setting was declared with an option that does not exist or fit."""


class BadTopic(ChannelsCeleryError):
    """A topic's name or pattern breaks the grammar of names."""


class NotSupported(ChannelsCeleryError):
    """The call exists in Channels, but has no meaning for a background channel."""


class DatabaseAway(ChannelsCeleryError):
    """The database did not answer, so nothing is known to be accepted.

    If it broke off in the very COMMIT, something may be: a `unique_key` makes a second try safe.
    """
