/**
 * The one door to the X.509 library, which needs `reflect-metadata` to have run before it: twice over, because the two
 * ways in which we run lay modules out differently. From source, packages run in the order of their imports, before any
 * module of ours; bundled, modules of ours run first, so there the polyfill needs one, ahead of the library.
 */
import "reflect-metadata";
import "./reflect.ts";

export {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
