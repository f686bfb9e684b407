export { command } from "../test/kit/command.ts";
