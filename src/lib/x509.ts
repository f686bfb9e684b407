/**
 * The one door to the X.509 library, which needs `reflect-metadata` to have run before it. Bundled, a bare import beside
 * it would run too late: modules are laid out first, so the polyfill gets a module of its own, ahead of the library.
 */
import "./reflect.ts";

export * from "@peculiar/x509";
