// What differs from the package of OHIF as it is published. Checked with 3.13.2; each edit says how often it is made.

// Files that no page of ours asks for. (ort/ and dicom-microscopy-viewer/ are not even unpacked.)
const LEFT_OUT = [
  /^index\.html$/, // ours is a template of the web process
  /^app-config\.js$/, // ours is ohif/app-config.js
  /^(sw|init-service-worker|google|es6-shim\.min|oidc-client\.min)\.js$/,
  /^manifest\.json$/,
  /^_(headers|redirects)$/,
  /^customizations\//, // loaded by an address in the query string only, which is off
  /^assets\/[^/]*$/, // icons for every kind of home screen
  /\.map$/,
];

export const wanted = name => !LEFT_OUT.some(one => one.test(name));

// Files of ours that are served beside it; {base} becomes the folder's address.
export const OURS = ["app-config.js", "room.js", "viewer.css", "words-tr.js"];

const APP = /^app\.bundle\.[0-9a-f]+\.js$/;
const dropped = name => ({ file: APP, times: 1, from: `pluginImports_modes.push("@ohif/mode-${name}");`, to: "" });

export const EDITS = [
  // Its i18n stands on no global and in no service, so our words come in where it takes its own.
  { file: APP, times: 1, from: "resources: src_locales,", to: "resources: window.gecitWords?.(src_locales) ?? src_locales," },
  // Built for "/": chunks, workers, codecs and images are looked for there.
  { file: /\.js$/, times: 8, from: '__webpack_require__.p = "/"', to: '__webpack_require__.p = "{base}"' },
  { file: /\.css$/, times: 5, from: "url(/", to: "url({base}" },
  // Modes for slides, small animals and one research protocol; with them go what they would load.
  dropped("microscopy"),
  dropped("preclinical-4d"),
  dropped("ultrasound-pleura-bline"),
  {
    file: APP,
    times: 1,
    from: 'pluginImports_extensions.push("@ohif/extension-ultrasound-pleura-bline");',
    to: "",
  },
];
