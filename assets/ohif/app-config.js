// The viewer's configuration. It knows our own origin only, and stands in a file since the pages allow no inline script.
window.PUBLIC_URL = "{base}";
window.browserImportFunction = name => import(name);

// The language of our pages is the viewer's as well, until somebody chooses another in the viewer.
(() => {
  const language = { tr: "tr-TR", en: "en-US" }[document.documentElement.lang];
  try {
    if (localStorage.getItem("gecitLanguage") === language) return;
    localStorage.setItem("gecitLanguage", language);
    localStorage.setItem("i18nextLng", language);
    document.cookie = `i18next=${language}; path=/gecit/ohif; SameSite=Strict`;
  } catch {
    // a browser that keeps nothing shows what it likes
  }
})();

// Whose session has ended signs in again when the page is loaded anew. Not by itself: measurements would be lost.
const ENDED = {
  tr: "Oturumunuz kapandı. Sayfa yenilensin mi? Kaydedilmemiş ölçümler silinir.",
  en: "Your session has ended. Load the page again? Measurements that were not saved are lost.",
};
let asked = false;
const signInAgain = error => {
  if (error?.status !== 401 || asked) return;
  asked = true;
  if (confirm(ENDED[document.documentElement.lang] ?? ENDED.tr)) location.reload();
};

// On a phone the image has the whole width; the list of series opens by its button.
const onPhone = matchMedia("(max-width: 700px)").matches;
const panels = { routes: { 0: { layoutInstance: { props: { leftPanelClosed: { $set: onPhone } } } } } };

window.config = {
  name: "Geçit",
  routerBasename: "/gecit/ohif",
  extensions: [],
  modes: [],
  modesConfiguration: { "@ohif/mode-longitudinal": panels, "@ohif/mode-basic": panels },
  // The newer study list speaks English only.
  customizationService: [{ "ohif.tours": { $set: [] }, "workList.variant": { $set: "legacy" } }],
  whiteLabeling: {
    createLogoComponentFn: React =>
      React.createElement("a", { href: "/gecit/", className: "text-foreground text-lg font-semibold px-2" }, "Geçit"),
  },
  showStudyList: true,
  maxNumberOfWebWorkers: 3,
  showWarningMessageForCrossOrigin: false,
  showCPUFallbackMessage: true,
  showLoadingIndicator: true,
  strictZSpacingForVolumeViewport: true,
  groupEnabledModesFirst: true,
  // Its notice is English whatever the language, and speaks of OHIF alone: ours stands in the page (room.js).
  investigationalUseDialog: { option: "never" },
  maxNumRequests: { interaction: 20, thumbnail: 5, prefetch: 10 },
  showErrorDetails: "production",
  defaultDataSourceName: "gecit",
  dataSources: [
    {
      namespace: "@ohif/extension-default.dataSourcesModule.dicomweb",
      sourceName: "gecit",
      configuration: {
        friendlyName: "Geçit",
        name: "gecit",
        qidoRoot: "/gecit/dicom-web",
        wadoRoot: "/dicom-web",
        wadoUriRoot: "/wado",
        qidoSupportsIncludeField: false,
        imageRendering: "wadors",
        thumbnailRendering: "wadors",
        enableStudyLazyLoad: true,
        supportsFuzzyMatching: false,
        supportsWildcard: true,
        bulkDataURI: { enabled: true },
        omitQuotationForMultipartRequest: true,
      },
    },
  ],
  httpErrorHandler: signInAgain,
};
