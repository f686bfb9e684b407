import { Wordmark } from "../components/Logo.tsx";
import { useTitle } from "../components/PageHeader.tsx";
import { SchemeToggle } from "../components/SchemeToggle.tsx";
import { PasswordForm } from "./account/PasswordForm.tsx";

/** After the first login with a password that somebody else has seen. */
export function MustChangePassword() {
  useTitle("Choose a password");
  return (
    <div className="dk-login">
      <header className="dk-login-side">
        <Wordmark size={44} bare />
        <p className="dk-login-claim">One thing before you start.</p>
      </header>
      <main className="dk-login-main">
        <div className="dk-login-tools">
          <SchemeToggle />
        </div>
        <div className="dk-login-form">
          <h1>Choose your own password</h1>
          <p className="dk-dim">The one you logged in with was made for you, and somebody else may have seen it.</p>
          <PasswordForm submit="Set my password and go on" />
        </div>
      </main>
    </div>
  );
}
