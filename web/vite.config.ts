import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Names without hashes: dist/ is committed, embedded into the server, and served with ETags. Paths
// are relative, so that the page works below any prefix of an ingress.
export default defineConfig({
  base: "./",
  publicDir: "public",
  build: {
    target: "es2022",
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      input: { index: here("index.html"), status: here("status.html") },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
        manualChunks: (id: string) => (id.includes("node_modules") ? "libraries" : undefined),
      },
    },
  },
  test: { environment: "happy-dom" },
  // For a page in development beside a real server: VITE_SERVER=http://127.0.0.1:8081.
  server: {
    proxy: {
      "/api": process.env.VITE_SERVER ?? "http://127.0.0.1:8081",
      "/public": process.env.VITE_SERVER ?? "http://127.0.0.1:8081",
    },
  },
});
