"""Why a token does not let its bearer in."""

from tollway.problems import Unauthenticated


class Refused(Unauthenticated):
    """A token, or the proof that came with it, is not good; `error` is the code that RFC 6750 and 9449 give it."""

    def __init__(self, detail: str, error: str = "invalid_token") -> None:
        super().__init__(detail)
        self.error = error
