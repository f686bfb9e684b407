const PUBLIC =
  /^(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]+={0,3}(?: .*)?$/;

/** What is wrong with a pasted key, or null. The server checks it again; this is to help while one pastes. */
export function checkPublicKey(text: string): string | null {
  const key = text.trim();
  if (key === "") return null;
  if (key.includes("PRIVATE KEY"))
    return "This is the private half. Keep it to yourself, and paste the file that ends in .pub.";
  if (/[\r\n]/.test(key)) return "Paste one key, on one line.";
  if (!PUBLIC.test(key))
    return "This is not an OpenSSH public key. It starts with ssh-ed25519, ssh-rsa or ecdsa-sha2-….";
  return null;
}
