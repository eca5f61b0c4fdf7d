"""What every kind of effect writes, and where each of its fields comes from."""

from process_apis.collections.origins import ORIGINS as COLLECTIONS
from process_apis.customer_onboarding.origins import ORIGINS as ONBOARDING
from process_apis.invoice_generation.origins import ORIGINS as INVOICING
from process_apis.project_activation.origins import ORIGINS as ACTIVATION
from process_apis.reconciliation.origins import ORIGINS as RECONCILIATION

MAPPINGS = (*ONBOARDING, *ACTIVATION, *INVOICING, *COLLECTIONS, *RECONCILIATION)
