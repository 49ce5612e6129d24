// AWS Amplify: one app and whoever is signed in to it, in steps.

import { serve } from './steps.mjs';
import { Amplify } from 'aws-amplify';
import * as auth from 'aws-amplify/auth';
import { cognitoUserPoolsTokenProvider } from 'aws-amplify/auth/cognito';

const tokensOf = async (options) => {
  const { tokens } = await auth.fetchAuthSession(options);
  return tokens ? { access: tokens.accessToken.toString(), id: tokens.idToken?.toString() } : null;
};

await serve({
  configure: ({ poolId, clientId, endpoint }) =>
    Amplify.configure({
      Auth: { Cognito: { userPoolId: poolId, userPoolClientId: clientId, userPoolEndpoint: endpoint } },
    }),
  signUp: ({ username, password, attributes, autoSignIn }) =>
    auth.signUp({ username, password, options: { userAttributes: attributes, autoSignIn } }),
  confirmSignUp: ({ username, code }) => auth.confirmSignUp({ username, confirmationCode: code }),
  resendCode: ({ username }) => auth.resendSignUpCode({ username }),
  autoSignIn: () => auth.autoSignIn(),
  signIn: ({ username, password, flow, preferred }) =>
    auth.signIn({ username, password, options: { authFlowType: flow, preferredChallenge: preferred } }),
  confirmSignIn: ({ response }) => auth.confirmSignIn({ challengeResponse: response }),
  currentUser: () => auth.getCurrentUser(),
  tokens: () => tokensOf(),
  refresh: () => tokensOf({ forceRefresh: true }),
  attributes: () => auth.fetchUserAttributes(),
  updateAttributes: ({ attributes }) => auth.updateUserAttributes({ userAttributes: attributes }),
  deleteAttributes: ({ names }) => auth.deleteUserAttributes({ userAttributeKeys: names }),
  sendAttributeCode: ({ name }) => auth.sendUserAttributeVerificationCode({ userAttributeKey: name }),
  verifyAttribute: ({ name, code }) =>
    auth.confirmUserAttribute({ userAttributeKey: name, confirmationCode: code }),
  changePassword: ({ old, password }) => auth.updatePassword({ oldPassword: old, newPassword: password }),
  forgotPassword: ({ username }) => auth.resetPassword({ username }),
  confirmPassword: ({ username, code, password }) =>
    auth.confirmResetPassword({ username, confirmationCode: code, newPassword: password }),
  setUpApp: async () => (await auth.setUpTOTP()).sharedSecret,
  verifyApp: ({ code }) => auth.verifyTOTPSetup({ code }),
  preferApp: () => auth.updateMFAPreference({ totp: 'PREFERRED' }),
  preferences: () => auth.fetchMFAPreference(),
  /** The app is installed anew: its tokens are lost, and live on. */
  forget: () => cognitoUserPoolsTokenProvider.tokenOrchestrator.clearTokens(),
  signOut: ({ everywhere }) => auth.signOut({ global: everywhere ?? false }),
  deleteUser: () => auth.deleteUser(),
});
