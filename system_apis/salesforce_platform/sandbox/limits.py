"""What the org allows in a day.

Source: 'Salesforce Developer Limits: API Request Limits and Allocations'; a Developer Edition allows 15,000 calls.
The sandbox counts them but does not refuse beyond: a throttle fault does.
"""

DAILY_REQUESTS = 15000
