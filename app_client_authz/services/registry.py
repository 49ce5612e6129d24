"""The object graph: one ``Services`` per app."""

import time
from dataclasses import dataclass

from app_client_authz.config import Settings
from app_client_authz.crypto.hashing import PasswordHasher
from app_client_authz.crypto.sealing import Sealer, keys_from
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.message import MessageSender
from app_client_authz.services.access_keys import AccessKeys
from app_client_authz.services.access_tokens import AccessTokens
from app_client_authz.services.app_clients import AppClients
from app_client_authz.services.auth_history import AuthHistory
from app_client_authz.services.authentication import Authentication
from app_client_authz.services.authorization import Authorization
from app_client_authz.services.challenges import Challenges
from app_client_authz.services.choice_sign_in import ChoiceSignIn
from app_client_authz.services.client_proofs import ClientProofs
from app_client_authz.services.custom_sign_in import CustomSignIn
from app_client_authz.services.delivery import Delivery
from app_client_authz.services.device_sign_in import DeviceSignIn
from app_client_authz.services.devices import Devices
from app_client_authz.services.directories import Directories
from app_client_authz.services.directory_calls import DirectoryCalls
from app_client_authz.services.directory_writes import DirectoryWrites
from app_client_authz.services.domains import Domains
from app_client_authz.services.groups import Groups
from app_client_authz.services.handovers import Handovers
from app_client_authz.services.hints import Hints
from app_client_authz.services.host_sessions import HostSessionRegistry, HostSessions
from app_client_authz.services.identity_providers import IdentityProviders
from app_client_authz.services.implicit_tokens import ImplicitTokens
from app_client_authz.services.invitations import Invitations
from app_client_authz.services.issuer import Issuer
from app_client_authz.services.keys import Keys
from app_client_authz.services.machine_tokens import MachineTokens
from app_client_authz.services.mfa_settings import MfaSettings
from app_client_authz.services.migration import Migration
from app_client_authz.services.named_codes import NamedCodes
from app_client_authz.services.new_users import NewUsers
from app_client_authz.services.next_steps import NextSteps
from app_client_authz.services.outbox import Outbox
from app_client_authz.services.own_account import OwnAccount
from app_client_authz.services.own_attributes import OwnAttributes
from app_client_authz.services.own_tokens import OwnTokens
from app_client_authz.services.page_tokens import PageTokens
from app_client_authz.services.password_attempts import PasswordAttempts
from app_client_authz.services.passwords import NewPasswords
from app_client_authz.services.pool_settings import PoolSettings
from app_client_authz.services.pools import Dialects, LiveScopes, Pools
from app_client_authz.services.profile import Profile
from app_client_authz.services.recovery import Recovery
from app_client_authz.services.resource_servers import ResourceServers
from app_client_authz.services.revocation import Revocation
from app_client_authz.services.second_factors import SecondFactors
from app_client_authz.services.sessions import Sessions
from app_client_authz.services.sign_in_codes import SignInCodes
from app_client_authz.services.sign_ins import SignIns
from app_client_authz.services.sign_up import SignUp
from app_client_authz.services.site_secret import SiteSecret
from app_client_authz.services.software_tokens import SoftwareTokens
from app_client_authz.services.srp_sign_in import SrpSignIn
from app_client_authz.services.tokens import Tokens
from app_client_authz.services.triggers import Triggers
from app_client_authz.services.ui_customizations import UiCustomizations
from app_client_authz.services.upkeep import Upkeep
from app_client_authz.services.user_imports import UserImports
from app_client_authz.services.user_lists import UserLists
from app_client_authz.services.user_sessions import UserSessions
from app_client_authz.services.users import Users
from app_client_authz.services.verification_codes import VerificationCodes
from app_client_authz.storage.engine import Engine
from app_client_authz.storage.unit import Units


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the faces and the command line can ask for."""

    settings: Settings
    clock: Clock
    engine: Engine
    csrf_keys: tuple[bytes, ...]
    dialects: Dialects
    pools: Pools
    pool_settings: PoolSettings
    app_clients: AppClients
    resource_servers: ResourceServers
    identity_providers: IdentityProviders
    domains: Domains
    ui_customizations: UiCustomizations
    triggers: Triggers
    directory_calls: DirectoryCalls
    directories: Directories
    directory_writes: DirectoryWrites
    delivery: Delivery
    outbox: Outbox | None
    """What the development sender keeps; None where messages are sent."""
    verification_codes: VerificationCodes
    users: Users
    user_lists: UserLists
    user_imports: UserImports
    user_sessions: UserSessions
    auth_history: AuthHistory
    invitations: Invitations
    recovery: Recovery
    sign_up: SignUp
    groups: Groups
    keys: Keys
    access_keys: AccessKeys
    handovers: Handovers
    page_tokens: PageTokens
    authentication: Authentication
    sessions: Sessions
    host_sessions: HostSessions
    authorization: Authorization
    tokens: Tokens
    machine_tokens: MachineTokens
    revocation: Revocation
    profile: Profile
    client_proofs: ClientProofs
    sign_ins: SignIns
    second_factors: SecondFactors
    software_tokens: SoftwareTokens
    mfa_settings: MfaSettings
    own_attributes: OwnAttributes
    own_account: OwnAccount
    devices: Devices
    own_tokens: OwnTokens
    hints: Hints
    upkeep: Upkeep

    def __repr__(self) -> str:
        return f"Services({self.engine.url!r})"


def build(
    settings: Settings,
    engine: Engine,
    clock: Clock = time.time,
    *,
    sender: MessageSender | None = None,
    triggers: Triggers | None = None,
    directory_calls: DirectoryCalls | None = None,
    host_session_registry: HostSessionRegistry | None = None,
) -> Services:
    """The services of one app over one database; without a ``sender``, messages are kept instead of sent."""
    triggers = triggers or Triggers()
    directory_calls = DirectoryCalls() if directory_calls is None else directory_calls
    sealer = Sealer(keys_from(settings.sealing_keys, settings.secret_keys))
    hasher = PasswordHasher(
        memory_kib=settings.password_hash_memory_kib,
        time_cost=settings.password_hash_time_cost,
        parallelism=settings.password_hash_parallelism,
        slots=settings.password_hash_slots,
    )
    new_passwords = NewPasswords(hasher, settings.password_blocklist)
    units = Units(engine, sealer)
    directories = Directories(units, directory_calls, hasher, clock)
    units.consult(directories)
    directory_calls.take_turns(units.alone)
    host_sessions = HostSessions(units, directories, host_session_registry, clock)
    keys = Keys(units, clock)
    site_secret = SiteSecret()
    attempts = PasswordAttempts(units, site_secret, clock)
    dialects = Dialects(settings.dialect)
    live_scopes = LiveScopes(units)
    pools = Pools(units, keys, settings.region, clock)
    app_clients = AppClients(units, clock)
    sessions = Sessions(units, dialects, triggers, clock)
    issuers = settings.issuers
    issuer = Issuer(keys, dialects, issuers, triggers)
    tokens = Tokens(units, issuer, dialects, live_scopes, triggers, clock)
    implicit_tokens = ImplicitTokens(units, issuer, dialects, clock)
    upkeep = Upkeep(units, clock, settings.auth_event_days, site_secret)
    outbox = Outbox(units, clock)
    delivery = Delivery(sender or outbox, triggers)
    directory_writes = DirectoryWrites(units, directories, directory_calls, new_passwords)
    new_users = NewUsers(units, new_passwords, directory_writes, triggers, clock)
    migration = Migration(units, new_users, directories, triggers)
    groups = Groups(units, directory_writes, clock)
    verification_codes = VerificationCodes(units, sealer.derived_keys("verification"), clock)
    users = Users(
        units, new_users, new_passwords, directory_writes, dialects, verification_codes, delivery, triggers, clock
    )
    named_codes = NamedCodes(units, attempts, verification_codes, delivery, clock)
    challenges = Challenges(units, clock)
    sign_in_codes = SignInCodes(units, sealer.derived_keys("sign-in codes"), clock)
    next_steps = NextSteps(units, challenges, sign_in_codes, delivery)
    authentication = Authentication(
        units, hasher, directories, new_passwords, attempts, challenges, next_steps, migration, triggers, clock
    )
    access_tokens = AccessTokens(units, keys, issuers, clock)
    software_tokens = SoftwareTokens(units, access_tokens, challenges, clock)
    second_factors = SecondFactors(units, challenges, next_steps, sign_in_codes, software_tokens, clock)
    srp = SrpSignIn(units, sealer, site_secret, attempts, directories, triggers, clock)
    device_sign_in = DeviceSignIn(units, sealer, attempts, challenges, next_steps, clock)
    choice = ChoiceSignIn(
        units, attempts, directories, authentication, srp, challenges, next_steps, sign_in_codes, triggers
    )
    custom = CustomSignIn(units, sealer, attempts, srp, challenges, triggers, clock)
    client_proofs = ClientProofs(units, pools, app_clients)
    units.look_first(upkeep.check_sealing_keys)
    return Services(
        settings=settings,
        clock=clock,
        engine=engine,
        csrf_keys=sealer.derived_keys("csrf"),
        dialects=dialects,
        pools=pools,
        pool_settings=PoolSettings(units, clock),
        app_clients=app_clients,
        resource_servers=ResourceServers(units),
        identity_providers=IdentityProviders(units, clock),
        domains=Domains(units, clock),
        ui_customizations=UiCustomizations(units, clock),
        triggers=triggers,
        directory_calls=directory_calls,
        directories=directories,
        directory_writes=directory_writes,
        delivery=delivery,
        outbox=outbox if sender is None else None,
        verification_codes=verification_codes,
        users=users,
        user_lists=UserLists(units),
        user_imports=UserImports(units, users, groups, new_passwords, directory_writes, clock),
        auth_history=AuthHistory(units, clock),
        user_sessions=UserSessions(units, access_tokens, dialects, clock),
        invitations=Invitations(pools, new_users, users, delivery),
        recovery=Recovery(
            units,
            named_codes,
            verification_codes,
            new_passwords,
            directory_writes,
            delivery,
            triggers,
            migration,
            clock,
        ),
        sign_up=SignUp(
            units, new_users, directory_writes, named_codes, verification_codes, challenges, delivery, triggers, clock
        ),
        groups=groups,
        keys=keys,
        access_keys=AccessKeys(units, settings, clock),
        handovers=Handovers(sealer, clock),
        page_tokens=PageTokens(sealer),
        authentication=authentication,
        sessions=sessions,
        host_sessions=host_sessions,
        authorization=Authorization(
            units,
            app_clients,
            dialects,
            live_scopes,
            sessions,
            host_sessions,
            implicit_tokens,
            issuers,
            clock,
            settings.code_lifetime_seconds,
        ),
        tokens=tokens,
        machine_tokens=MachineTokens(issuer, live_scopes, clock),
        revocation=Revocation(units, issuers, clock),
        profile=Profile(units, keys, dialects, issuers, clock),
        client_proofs=client_proofs,
        sign_ins=SignIns(
            client_proofs, authentication, srp, choice, custom, second_factors, device_sign_in, challenges, tokens
        ),
        second_factors=second_factors,
        software_tokens=software_tokens,
        mfa_settings=MfaSettings(units, access_tokens, clock),
        own_attributes=OwnAttributes(
            units, access_tokens, directory_writes, dialects, verification_codes, delivery, clock
        ),
        own_account=OwnAccount(units, access_tokens, users, authentication, new_passwords, directory_writes, clock),
        devices=Devices(units, access_tokens, clock),
        own_tokens=OwnTokens(units, keys, issuers, clock),
        hints=Hints(app_clients, keys, issuers, clock),
        upkeep=upkeep,
    )
