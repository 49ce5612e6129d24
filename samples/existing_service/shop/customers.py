"""``flask customer add``."""

import click
from flask.cli import AppGroup

from shop.models import Customer, db

customers = AppGroup("customer", help="The customers of the shop.")


@customers.command("add")
@click.argument("email")
@click.argument("name")
@click.password_option()
def add(email: str, name: str, password: str) -> None:
    """Let somebody in."""
    customer = Customer(email=email.lower(), name=name)
    customer.set_password(password)
    db.session.add(customer)
    db.session.commit()
    click.echo(f"Customer {customer.id}: {email}")
