import { defineApp, defineService } from "hawser";

const steady = defineService({ name: "steady", setup() {} });

const shaky = defineService({
  name: "shaky",
  setup({ onReady }) {
    onReady(() => {
      setTimeout(() => {
        console.error("the roof is on fire");
        process.exit(7);
      }, 50);
    });
  },
});

export default defineApp({ name: "loop", services: [steady, shaky] });
