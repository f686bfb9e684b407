import { IconPhoto } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { imagesQuery } from "../../app/queries.ts";
import { Empty } from "../../components/Empty.tsx";
import { PageHeader } from "../../components/PageHeader.tsx";
import { QueryGate } from "../../components/QueryGate.tsx";
import { ImagePanel } from "./ImagePanel.tsx";

export function ImagesPage() {
  const query = useQuery(imagesQuery);
  return (
    <>
      <PageHeader
        title="Images"
        sub="What nodes are made from. Warm nodes of an image are already booted and wait to be taken."
      />
      <QueryGate query={query}>
        {(images) =>
          images.length === 0 ? (
            <Empty icon={<IconPhoto size={40} stroke={1.4} />} title="No images">
              <code>docklet image build base</code> on the host makes the one that every new cluster starts from.
            </Empty>
          ) : (
            <div className="dk-cards">
              {images.map((i) => (
                <ImagePanel key={i.name} image={i} />
              ))}
            </div>
          )
        }
      </QueryGate>
    </>
  );
}
