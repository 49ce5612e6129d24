"""``AppClientAuthz``: settings → services → blueprints → commands. The only room that imports everything."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from flask import Blueprint, Flask, current_app, has_app_context
from flask.cli import FlaskGroup
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app_client_authz.api.blueprint import api_blueprint
from app_client_authz.cli import group
from app_client_authz.config import Settings
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.directory import UserDirectory
from app_client_authz.domain.errors import ConfigurationError, Unavailable
from app_client_authz.domain.message import MessageSender
from app_client_authz.hosted_ui.blueprint import hosted_ui_blueprint
from app_client_authz.oauth.blueprint import oauth_blueprint
from app_client_authz.proxies import EXTENSION
from app_client_authz.resource.current import install
from app_client_authz.services.directory_calls import DirectoryCalls, DirectoryRegistry
from app_client_authz.services.host_sessions import HostSessionRegistry
from app_client_authz.services.registry import Services, build
from app_client_authz.services.trigger_registry import TriggerRegistry
from app_client_authz.services.triggers import Triggers
from app_client_authz.storage import migrate
from app_client_authz.storage.engine import (
    engine_options,
    forget_after_fork,
    is_in_memory,
    make_private,
    tune_sqlite,
)

if TYPE_CHECKING:
    from app_client_authz.api.local_client import LocalClient

EMBEDDED_URL = "sqlite:///authz.db"
"""Relative to the instance folder, as Flask-SQLAlchemy has it."""


Handler = TypeVar("Handler", bound=Callable[..., Any])

_FACES = (("oauth", oauth_blueprint), ("hosted_ui", hosted_ui_blueprint), ("api", api_blueprint))


class SystemClock:
    """The time of the system, or, in the tests of a host, so many seconds ``ahead`` of it."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead

    def advance(self, seconds: float) -> float:
        """Moves on, and returns the new present."""
        self.ahead += seconds
        return self()


class AppClientAuthz:
    """An authorization server inside a Flask app; one object serves any number of apps.

    >>> app = Flask(__name__)
    >>> app.config.update(SECRET_KEY="…", SQLALCHEMY_DATABASE_URI="sqlite://")
    >>> authz = AppClientAuthz(app)

    Without ``SQLALCHEMY_DATABASE_URI`` an SQLite file in the instance folder is made and migrated at the start;
    any other database is migrated by ``flask authz upgrade``.
    """

    def __init__(
        self,
        app: Flask | None = None,
        db: Any = None,
        *,
        sender: MessageSender | None = None,
        clock: Clock | None = None,
    ) -> None:
        """As ``init_app``, if ``app`` is given; ``clock`` returns epoch seconds, by default those of the system."""
        self._clock = clock or SystemClock()
        self._sender = sender
        self._triggers = TriggerRegistry()
        self._directories = DirectoryRegistry()
        self._host_sessions = HostSessionRegistry()
        self._apps = 0
        self._only_app: Flask | None = None
        if app is not None:
            self.init_app(app, db)

    def init_app(self, app: Flask, db: Any = None, *, sender: MessageSender | None = None) -> None:
        """Mount the server into ``app``.

        ``db`` is the app's Flask-SQLAlchemy (or Flask-SQLAlchemy-Lite) object; by default the one the app
        already has, otherwise one is made. ``sender`` sends the messages to users; by default the one that this
        object was made with, otherwise what ``AUTHZ_MESSAGE_SENDER`` names.

        Raises:
            ConfigurationError: a setting is wrong, the sealing keys do not fit the database, or the app
                carries this extension already.
        """
        if EXTENSION in app.extensions:
            raise ConfigurationError("This app carries AppClientAuthz already: call init_app once per app.")
        settings = Settings.from_mapping(app.config)
        engine, embedded = _engine(app, db, settings)
        forget_after_fork(engine)
        if embedded or is_in_memory(engine):
            make_private(engine)
            # Asked first: Alembic takes longer to import than the rest of a start.
            if not migrate.is_current(engine):
                (migrate.make if is_in_memory(engine) else migrate.upgrade)(engine)
        services = build(
            settings,
            engine,
            self._clock,
            sender=sender or self._sender or _configured(settings),
            triggers=Triggers(self._triggers),
            directory_calls=DirectoryCalls(self._directories, lambda: _context_of(app)),
            host_session_registry=self._host_sessions,
        )
        _look_at(app, services)
        install(app, settings, services.own_tokens, services.clock)
        app.extensions[EXTENSION] = services
        for face, make in _FACES:
            if face in settings.faces:
                blueprint = make(services)
                app.register_blueprint(blueprint, url_prefix=settings.url_prefix or None)
                _exempt_from_host_csrf(app, blueprint)
        app.cli.add_command(group)
        self._apps += 1
        self._only_app = app if self._apps == 1 else None

    def trigger(
        self, name: str, *, pool_id: str | None = None, version: str | None = None, app: Flask | None = None
    ) -> Callable[[Handler], Handler]:
        """A decorator: call the function when Cognito would call the Lambda function of that trigger.

        It is called for every pool or for ``pool_id``, in ``app`` or in every app of this object. It gets the
        event, a dictionary of Cognito's shape, and returns it; what it raises ends the request. ``version`` is that
        of PreTokenGeneration's events (``V1_0``, ``V2_0``, ``V3_0``) where the pool's LambdaConfig names none.

        >>> @authz.trigger("PreSignUp")
        ... def only_ours(event):
        ...     if not event["request"]["userAttributes"].get("email", "").endswith("@example.com"):
        ...         raise ValueError("not one of us")
        ...     return event

        Raises:
            ConfigurationError: no such trigger, pool ID or version, or the function is a coroutine function.
            RuntimeError: ``app`` does not carry this extension.
        """
        if app is not None:
            _check_carries(app)
        registry = self._triggers if app is None else self.services(app).triggers.own

        def register(handler: Handler) -> Handler:
            registry.register(name, handler, pool_id=pool_id, version=version)
            return handler

        return register

    def user_directory(self, directory: UserDirectory, *, pool_id: str | None = None, app: Flask | None = None) -> None:
        """The users of a pool are in ``directory``: your own user table, by an adapter (docs/how-to/host-users.md).

        It is asked about every pool or about ``pool_id``, in ``app`` or in every app of this object; what is said
        for one pool counts before what is said for all, and what is said for an app before what is said for every.

        >>> authz.user_directory(ModelDirectory(db, Member, key="id", names=["email"], password="password_hash"))

        Raises:
            ConfigurationError: no pool ID, a second directory for the same pools, or an object without the methods.
            RuntimeError: ``app`` does not carry this extension.
        """
        if app is not None:
            _check_carries(app)
        registry = self._directories if app is None else self.services(app).directory_calls.own
        registry.register(directory, pool_id=pool_id)

    def host_session(
        self,
        *,
        sign_out: Callable[[], Any] | None = None,
        pool_id: str | None = None,
        app: Flask | None = None,
    ) -> Callable[[Handler], Handler]:
        """A decorator: who is signed in at your own pages needs no sign-in at the pool's (docs/how-to/host-users.md).

        The function is called in the request of the browser. It returns None, or who is signed in: the key of the
        pool's directory or, in a pool without one, the username; or a ``HostSession`` with ``auth_time``. ``sign_out``
        is called at ``/logout``. Both are for every pool or for ``pool_id``, in ``app`` or in every app of this object.

        >>> @authz.host_session(sign_out=flask_login.logout_user)
        ... def signed_in():
        ...     return flask_login.current_user.get_id()

        Raises:
            ConfigurationError: no pool ID, a second one for the same pools, or a coroutine function.
            RuntimeError: ``app`` does not carry this extension.
        """
        if app is not None:
            _check_carries(app)
        registry = self._host_sessions if app is None else self.services(app).host_sessions.own

        def register(signed_in: Handler) -> Handler:
            registry.register(signed_in, sign_out=sign_out, pool_id=pool_id)
            return signed_in

        return register

    def client(self, service_name: str, *, app: Flask | None = None) -> "LocalClient":
        """boto3's ``cognito-idp`` client for callers in this process: no HTTP, no access key, and so full rights.

        It belongs to ``app``; by default to the current app, outside of any app context to the only one that this
        object was initialised with.

        >>> cognito = authz.client("cognito-idp")
        >>> cognito.create_user_pool(PoolName="shop")["UserPool"]["Id"]

        Raises:
            UnknownServiceError: another service than ``cognito-idp``.
            RuntimeError: there is no such app, or it does not carry this extension.
        """
        # Here and not above: most processes never ask, and it reads the service model.
        from app_client_authz.api import local_client

        chosen = app or self._app_here()
        _check_carries(chosen)
        return local_client.make(service_name, self.services(chosen))

    def _app_here(self) -> Flask:
        if has_app_context():
            return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]
        if self._only_app is None:
            found = f"{self._apps} apps have" if self._apps else "no app has"
            raise RuntimeError(
                f"Which app? There is no app context, and {found} this AppClientAuthz: "
                "pass one, client('cognito-idp', app=app), or enter 'with app.app_context():' first."
            )
        return self._only_app

    @staticmethod
    def services(app: Flask) -> Services:
        """The services that ``app`` carries: the same that all faces speak through."""
        return cast(Services, app.extensions[EXTENSION])


def _context_of(app: Flask) -> AbstractContextManager[object]:
    """An app context of that app: the one at hand, if there is one."""
    here = has_app_context() and current_app._get_current_object() is app  # type: ignore[attr-defined]
    return nullcontext() if here else app.app_context()


def _check_carries(app: Flask) -> None:
    if EXTENSION not in app.extensions:
        raise RuntimeError(f"The Flask app {app.name!r} carries no AppClientAuthz: call init_app(app) first.")


def _configured(settings: Settings) -> MessageSender | None:
    """The sender that the settings name; None for the development sender."""
    if settings.message_sender == "development":
        return None
    # Here and not above: most processes send no mail, and it brings TLS along.
    from app_client_authz.senders.smtp import SmtpSender

    return SmtpSender(settings)


def _engine(app: Flask, db: Any, settings: Settings) -> tuple[Engine, bool]:
    """The engine to use, and whether it is the embedded default."""
    db = db or app.extensions.get("sqlalchemy")
    embedded = False
    if db is None:
        # Here and not above: it brings the whole ORM along, which a host with its own object has already.
        from flask_sqlalchemy import SQLAlchemy

        embedded = "SQLALCHEMY_DATABASE_URI" not in app.config
        url = app.config.setdefault("SQLALCHEMY_DATABASE_URI", EMBEDDED_URL)
        db = SQLAlchemy(engine_options=engine_options(str(url)))
        db.init_app(app)
        with app.app_context():
            for engine in db.engines.values():
                tune_sqlite(engine)
    with app.app_context():
        engines = db.engines
        if settings.bind_key not in engines:
            known = ", ".join(repr(key) for key in engines if key is not None)
            raise ConfigurationError(f"AUTHZ_BIND_KEY={settings.bind_key!r}: the app has the binds {known or 'none'}")
        return cast(Engine, engines[settings.bind_key]), embedded


def _look_at(app: Flask, services: Services) -> None:
    """Refuse wrong sealing keys; say what keeps requests from being answered, which then get a 503."""
    try:
        if migrate.is_current(services.engine):
            services.upkeep.check_sealing_keys()
        elif not _is_loaded_by_a_command():
            app.logger.error("The database of AppClientAuthz is not migrated: run 'flask authz upgrade'.")
    except (SQLAlchemyError, Unavailable) as error:
        app.logger.error("The database of AppClientAuthz does not answer (%s).", type(error).__name__)


def _is_loaded_by_a_command() -> bool:
    """Whether this is ``flask db upgrade`` or another command that serves nothing: each says itself what it misses."""
    context = click.get_current_context(silent=True)
    return context is not None and isinstance(context.find_root().command, FlaskGroup) and context.info_name != "run"


def _exempt_from_host_csrf(app: Flask, blueprint: Blueprint) -> None:
    """Flask-WTF's guard would refuse every token request; our forms have their own tokens.

    It has to be there before us: a host that makes it later exempts our blueprints itself.
    """
    guard = app.extensions.get("csrf")
    if guard is not None:
        guard.exempt(blueprint)
