// An OpenID provider on loopback for tests: `node provider.mjs PORT REDIRECT_URI`. It asks for PKCE and knows two people.
// The id of an account is what its person types at the provider's own sign-in page.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [port, redirect] = process.argv.slice(2);
const from = createRequire(`${process.cwd()}/`);
const { default: Provider } = await import(pathToFileURL(from.resolve('oidc-provider')));

const PEOPLE = {
  ayse: { tckn: '10000000146', name: 'Ayşe Yılmaz', email: 'ayse@hastane.example' },
  veli: { tckn: '10000000078', name: 'Veli Çağlar', email: 'veli@hastane.example' },
  numarasiz: { name: 'Numarasız', email: 'n@hastane.example' },
};

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'gecit', client_secret: 'gizli-deneme-anahtari', redirect_uris: [redirect] }],
  claims: { openid: ['sub'], profile: ['name'], email: ['email'], kimlik: ['tckn'] },
  scopes: ['openid', 'profile', 'email', 'kimlik'],
  pkce: { required: () => true, methods: ['S256'] },
  conformIdTokenClaims: process.env.IN_USERINFO === 'yes',
  findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, ...PEOPLE[id] }) }),
  cookies: { keys: ['deneme'] },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
