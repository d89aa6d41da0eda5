#!/bin/bash
# Fetches the OpenID provider that tests sign in with into build/oidc.
exec "$(dirname "$0")/npm-folder.sh" tests/oidc build/oidc \
    "deneme kimlik sağlayıcısı alınıyor | fetching the test provider of identities"
