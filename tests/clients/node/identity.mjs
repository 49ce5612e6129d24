// amazon-cognito-identity-js: one user of one pool, in steps.

import { serve } from './steps.mjs';
import {
  AuthenticationDetails,
  CognitoRefreshToken,
  CognitoUser,
  CognitoUserAttribute,
  CognitoUserPool,
} from 'amazon-cognito-identity-js';

let pool;
let user;

/** The promise of a call that takes one callback of (error, result). */
const called = (call) =>
  new Promise((resolve, reject) => call((error, result) => (error ? reject(error) : resolve(result))));

/** The promise of a call that takes an object of callbacks; each that asks for more resolves with its own name. */
const answered = (call) =>
  new Promise((resolve, reject) => {
    const asks = (name) => (...details) => resolve({ asks: name, details });
    call({
      onSuccess: (session) => resolve(tokensOf(session)),
      onFailure: reject,
      newPasswordRequired: asks('newPassword'),
      inputVerificationCode: asks('code'),
      mfaSetup: asks('mfaSetup'),
      selectMFAType: asks('mfaType'),
      mfaRequired: asks('sms'),
      totpRequired: asks('totp'),
      associateSecretCode: (secret) => resolve(secret),
    });
  });

const tokensOf = (session) =>
  session?.getAccessToken
    ? {
        access: session.getAccessToken().getJwtToken(),
        id: session.getIdToken().getJwtToken(),
        refresh: session.getRefreshToken().getToken(),
        valid: session.isValid(),
      }
    : session;

const details = ({ password }) => new AuthenticationDetails({ Username: user.getUsername(), Password: password });
const pairs = (attributes) =>
  Object.entries(attributes).map(([Name, Value]) => new CognitoUserAttribute({ Name, Value }));

await serve({
  configure({ poolId, clientId, endpoint, username }) {
    pool = new CognitoUserPool({ UserPoolId: poolId, ClientId: clientId, endpoint });
    user = new CognitoUser({ Username: username, Pool: pool });
  },
  async signUp({ password, attributes }) {
    const made = await called((done) => pool.signUp(user.getUsername(), password, pairs(attributes), null, done));
    return { confirmed: made.userConfirmed, sub: made.userSub, sent: made.codeDeliveryDetails };
  },
  confirmSignUp: ({ code }) => called((done) => user.confirmRegistration(code, false, done)),
  resendCode: () => called((done) => user.resendConfirmationCode(done)),
  signIn({ password, flow }) {
    user.setAuthenticationFlowType(flow ?? 'USER_SRP_AUTH');
    return answered((callbacks) => user.authenticateUser(details({ password }), callbacks));
  },
  answerNewPassword: ({ password, attributes }) =>
    answered((callbacks) => user.completeNewPasswordChallenge(password, attributes ?? {}, callbacks)),
  refresh: async ({ token }) =>
    tokensOf(
      await called((done) => user.refreshSession(new CognitoRefreshToken({ RefreshToken: token }), done)),
    ),
  remembered: async () => tokensOf(await called((done) => pool.getCurrentUser().getSession(done))),
  async attributes() {
    const found = await called((done) => user.getUserAttributes(done));
    return Object.fromEntries(found.map((each) => [each.getName(), each.getValue()]));
  },
  updateAttributes: ({ attributes }) => called((done) => user.updateAttributes(pairs(attributes), done)),
  deleteAttributes: ({ names }) => called((done) => user.deleteAttributes(names, done)),
  sendAttributeCode: ({ name }) => answered((callbacks) => user.getAttributeVerificationCode(name, callbacks)),
  verifyAttribute: ({ name, code }) => answered((callbacks) => user.verifyAttribute(name, code, callbacks)),
  changePassword: ({ old, password }) => called((done) => user.changePassword(old, password, done)),
  forgotPassword: () => answered((callbacks) => user.forgotPassword(callbacks)),
  confirmPassword: ({ code, password }) =>
    answered((callbacks) => user.confirmPassword(code, password, callbacks)),
  associateApp: () => answered((callbacks) => user.associateSoftwareToken(callbacks)),
  verifyApp: ({ code }) => answered((callbacks) => user.verifySoftwareToken(code, 'phone', callbacks)),
  preferApp: () =>
    called((done) => user.setUserMfaPreference(null, { PreferredMfa: true, Enabled: true }, done)),
  sendCode: ({ code }) => answered((callbacks) => user.sendMFACode(code, callbacks, 'SOFTWARE_TOKEN_MFA')),
  signOut: () => called((done) => user.signOut(done)),
  globalSignOut: () => answered((callbacks) => user.globalSignOut(callbacks)),
  deleteUser: () => called((done) => user.deleteUser(done)),
});
