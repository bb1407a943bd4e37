/** The upload page: resumable uploads (`controllers/upload.ts`), loaded only where a file is sent. */
import { startUploads } from "../../controllers/upload";

startUploads();
