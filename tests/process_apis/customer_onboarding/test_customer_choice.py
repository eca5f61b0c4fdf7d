"""Which ERP customer an account is, and whether finance lets more be sold to it."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from process_apis.customer_onboarding.steps import choose, require_credit
from tollway.canonical.case import Category
from tollway.canonical.customer import CreditStatus, Customer, CustomerMatches
from tollway.canonical.money import Money
from tollway.problems import Rejected

KNOWN = Customer(id="7", number="C-7", name="Acme Robotics Inc", legal_entity="NWC-US")
SAME_REGISTRATION = replace(KNOWN, tax_registration="13-1975147")
OTHER_REGISTRATION = replace(KNOWN, tax_registration="99-0000000")
OTHER = replace(KNOWN, id="8", number="C-8", name="ACME Robotics")
UNSURE = "The account 'Acme Robotics' (ACC-1) cannot be matched: "


def refusal_of(contract, matches: CustomerMatches) -> str:
    with pytest.raises(Rejected) as refusal:
        choose(contract, matches)
    assert refusal.value.category == Category.CUSTOMER_MASTER_CONFLICT
    assert refusal.value.detail.startswith(UNSURE)
    return refusal.value.detail.removeprefix(UNSURE)


def test_a_linked_customer_is_the_one(make_contract):
    """The customer that carries the account's id is taken, whoever else looks like it."""
    linked = replace(KNOWN, account_id="ACC-1", tax_registration="99-0000000")
    matches = CustomerMatches(linked=linked, by_tax_registration=[OTHER, KNOWN], by_name=[OTHER])
    assert choose(make_contract(), matches) == linked


def test_an_account_nobody_knows_is_new(make_contract):
    """Without any match there is no customer to take, so one is created."""
    assert choose(make_contract(), CustomerMatches()) is None


def test_a_tax_registration_goes_before_a_name(make_contract):
    """One customer with the same tax registration is taken, even beside another with the same name."""
    matches = CustomerMatches(by_tax_registration=[SAME_REGISTRATION], by_name=[OTHER])
    assert choose(make_contract(), matches) == SAME_REGISTRATION


@pytest.mark.parametrize("known", [KNOWN, SAME_REGISTRATION])
def test_a_single_customer_of_the_same_name_is_taken(make_contract, known):
    """A customer found by its name is taken unless its tax registration contradicts."""
    assert choose(make_contract(), CustomerMatches(by_name=[known])) == known


def test_a_customer_of_the_same_name_and_another_registration_is_no_match(make_contract):
    """The same name under another tax registration may be another firm, so finance decides."""
    said = refusal_of(make_contract(), CustomerMatches(by_name=[OTHER_REGISTRATION]))
    assert said == "the ERP customer C-7 has the same name but the tax registration 99-0000000."


def test_a_name_is_enough_when_the_account_has_no_registration(make_contract):
    """An exempt account without a tax registration contradicts nothing."""
    contract = make_contract()
    contract = replace(contract, account=replace(contract.account, tax_registration=""))
    assert choose(contract, CustomerMatches(by_name=[OTHER_REGISTRATION])) == OTHER_REGISTRATION


@pytest.mark.parametrize("found_by", ["by_tax_registration", "by_name"])
def test_several_candidates_are_for_finance_to_decide(make_contract, found_by):
    """Two customers that could be the account are both named in the refusal."""
    said = refusal_of(make_contract(), CustomerMatches(**{found_by: [KNOWN, OTHER]}))
    assert said == "the ERP knows several customers that it could be: C-7 (Acme Robotics Inc), C-8 (ACME Robotics)."


@pytest.mark.parametrize("found_by", ["by_tax_registration", "by_name"])
def test_a_customer_of_another_account_is_not_taken(make_contract, found_by):
    """A customer that is linked to another account is never taken over."""
    linked = replace(SAME_REGISTRATION, account_id="ACC-9")
    said = refusal_of(make_contract(), CustomerMatches(**{found_by: [linked]}))
    assert said == "its ERP customer C-7 is linked to the other account ACC-9."


@pytest.mark.parametrize("credit", [CreditStatus.GOOD, CreditStatus.OVER_LIMIT])
def test_credit_that_finance_has_not_limited_is_good(credit):
    """A customer in good standing, or without figures that say otherwise, may buy."""
    require_credit(replace(KNOWN, credit=credit))


def test_a_customer_on_hold_is_refused():
    """A credit hold that finance has set refuses the deal and names the customer."""
    with pytest.raises(Rejected) as refusal:
        require_credit(replace(KNOWN, credit=CreditStatus.ON_HOLD))
    assert refusal.value.category == Category.CREDIT_HOLD
    assert refusal.value.detail == "Finance has put the customer C-7 (Acme Robotics Inc) on credit hold."


def test_a_customer_over_its_limit_is_refused():
    """A customer that owes more than its limit is refused, with both amounts."""
    owes, limit = (Money(amount=Decimal(amount), currency="USD") for amount in ("1200.50", "1000.00"))
    over = replace(KNOWN, credit=CreditStatus.OVER_LIMIT, balance=owes, credit_limit=limit)
    with pytest.raises(Rejected) as refusal:
        require_credit(over)
    assert refusal.value.category == Category.CREDIT_HOLD
    assert (
        refusal.value.detail
        == "The customer C-7 (Acme Robotics Inc) owes 1200.50 USD, over its credit limit of 1000.00."
    )


def test_what_a_person_chose_among_several_is_taken(make_contract):
    """The chosen customer is taken where several match, even one of the same name under another registration."""
    several = CustomerMatches(by_tax_registration=[SAME_REGISTRATION], by_name=[OTHER_REGISTRATION, OTHER])
    assert choose(make_contract(), several, chosen="8") == OTHER
    assert choose(make_contract(), CustomerMatches(by_name=[OTHER_REGISTRATION]), chosen="7") == OTHER_REGISTRATION


def test_a_choice_that_no_longer_matches_is_no_choice(make_contract):
    """Where the chosen customer is gone, or became another account's, a person decides again."""
    taken = replace(OTHER, account_id="ACC-2")
    for matches in (CustomerMatches(by_name=[KNOWN]), CustomerMatches(by_name=[KNOWN, taken])):
        with pytest.raises(Rejected) as refusal:
            choose(make_contract(), matches, chosen="8")
        assert refusal.value.category == Category.CUSTOMER_MASTER_CONFLICT


def test_a_link_goes_before_a_choice(make_contract):
    """A customer that carries the account's id by now is the one, whatever was chosen before."""
    linked = replace(KNOWN, account_id="ACC-1")
    assert choose(make_contract(), CustomerMatches(linked=linked, by_name=[OTHER]), chosen="8") == linked
