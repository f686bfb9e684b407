import { z } from "zod";

// zod would compile its checks with eval, which the content security policy forbids and the browser reports.
// This runs before any schema is made: main.tsx imports it first.
z.config({ jitless: true });
