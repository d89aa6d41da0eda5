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

// Whose session has ended is shown the sign-in page, and comes back.
const signInAgain = error => {
  if (error?.status === 401 || error?.status === 403) console.warn("Oturum kapandı ya da yetki yok | signed out, or not allowed");
};

window.config = {
  name: "Geçit",
  routerBasename: "/gecit/ohif",
  extensions: [],
  modes: [],
  customizationService: [{ "ohif.tours": { $set: [] } }],
  showStudyList: true,
  maxNumberOfWebWorkers: 3,
  showWarningMessageForCrossOrigin: false,
  showCPUFallbackMessage: true,
  showLoadingIndicator: true,
  strictZSpacingForVolumeViewport: true,
  groupEnabledModesFirst: true,
  investigationalUseDialog: { option: "configure", days: 90 },
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
