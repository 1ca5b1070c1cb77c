"""The error an addition raises to refuse a call, in the words of the service."""


class AwsError(Exception):
    """`code` and `message` reach the caller as its protocol words them, with HTTP `status`."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status
