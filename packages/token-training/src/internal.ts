export { trainingOfModel } from "./well-trained.ts";
