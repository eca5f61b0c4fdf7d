"""What a caller is told whose request never became one."""

from policies import security_headers
from tollway.context import new_correlation_id
from tollway.http.exchange import Answer
from tollway.problems import ProblemError
from tollway.service import problem_answer

_ADDED = security_headers.fields("")


def refusal(problem: ProblemError, correlation_id: str = "") -> Answer:
    """The problem document, with a correlation id to quote."""
    correlation_id = correlation_id or new_correlation_id()
    answer = problem_answer(problem, "", correlation_id)
    headers = [*answer.headers, (b"correlation-id", correlation_id.encode("ascii"))]
    answer.headers = security_headers.completed(headers, _ADDED)
    return answer
