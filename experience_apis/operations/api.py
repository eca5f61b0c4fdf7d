"""The operations API: everything by which people mend what is stuck, and see that it went through."""

from experience_apis.operations.cases import CASES
from experience_apis.operations.history import HISTORY
from experience_apis.operations.notices import NOTICES
from experience_apis.operations.processes import PROCESSES
from experience_apis.operations.reconciliation import RECONCILIATION

HANDLERS = (*CASES, *NOTICES, *PROCESSES, *HISTORY, *RECONCILIATION)
