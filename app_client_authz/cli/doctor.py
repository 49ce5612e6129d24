"""``flask authz doctor``: why an app client gets what it gets."""

import click
from flask.cli import with_appcontext

from app_client_authz.cli import output
from app_client_authz.cli.naming import client_argument, named_client
from app_client_authz.cli.params import option_json
from app_client_authz.proxies import current_authz
from app_client_authz.services.doctor import Answer, Verdict, examine

_MARKS = {Verdict.OK: "  ok  ", Verdict.PROBLEM: " !!!  ", Verdict.INFO: "      "}
_INDENT = " " * 6


@click.command("doctor")
@client_argument
@click.option("--redirect-uri", metavar="URL", help="Compare it with the callback URLs.")
@click.option("--scope", metavar="SCOPES", help="The scope parameter of a request, such as 'openid email'.")
@option_json
@with_appcontext
def doctor(names: tuple[str, ...], redirect_uri: str | None, scope: str | None, wants_json: bool) -> None:
    """Answer the questions that people ask about an app client.

    Problems are marked with !!! and come with a remedy.
    """
    found = named_client(names)
    answers = examine(current_authz, found, redirect_uri=redirect_uri, scope=scope)
    if wants_json:
        output.as_json([_document(answer) for answer in answers])
        return
    output.fields({"App client": f"{found.client.client_id} ({found.client.name})", "User pool": found.pool.id})
    for answer in answers:
        click.echo()
        click.echo(f"{_MARKS[answer.verdict]}{answer.question}")
        output.paragraph(answer.text, indent=_INDENT)
        for detail in answer.details:
            click.echo(f"{_INDENT}  {detail}")
        if answer.remedy:
            output.paragraph(answer.remedy, indent=_INDENT)
        if answer.command:
            click.echo(f"{_INDENT}$ {output.cell(answer.command)}")  # in one piece, to be copied


def _document(answer: Answer) -> dict[str, object]:
    members = {
        "Topic": answer.topic,
        "Question": answer.question,
        "Verdict": answer.verdict.value,
        "Answer": answer.text,
        "Remedy": answer.remedy,
        "Command": answer.command,
        "Details": list(answer.details) or None,
    }
    return {name: member for name, member in members.items() if member is not None}
